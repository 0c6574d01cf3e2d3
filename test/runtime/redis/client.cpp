// SPDX-License-Identifier: MIT
#include "runtime/redis/client.hpp"

#include "test/fixtures/redis_server.hpp"
#include "test/fixtures/resource_limits.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <thread>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

using kind = redis_reply::kind;

std::unique_ptr<redis> opened(const std::string& url) {
  auto result = open_redis(url);
  REQUIRE(result);
  return std::move(*result);
}

std::string problem(redis& x, const std::vector<redis_command>& commands) {
  auto result = x.run(commands);
  REQUIRE(!result);
  return explain(result.error());
}

bool contains(const std::string& text, std::string_view part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

socket_handle free_port() {
  auto here = resolve({"http", "127.0.0.1", 0}, true);
  auto result = listen_at(here->front());
  REQUIRE(result);
  return std::move(*result);
}

/// Accepts one connection at a time, reads the first request, and sends the
/// bytes that the test wants.
class fake_server {
public:
  using send_function = std::function<bool(std::string_view)>;

  explicit fake_server(std::function<void(const send_function&)> serve)
    : listening_{free_port()}, thread_{[this, serve = std::move(serve)](
                                         std::stop_token stop) {
        while (!stop.stop_requested()) {
          pollfd x{listening_.get(), POLLIN, 0};
          if (::poll(&x, 1, 10) <= 0)
            continue;
          socket_handle peer{::accept(listening_.get(), nullptr, nullptr)};
          char request[4096];
          if (::recv(peer.get(), request, sizeof request, 0) <= 0)
            continue;
          serve([&](std::string_view bytes) {
            pollfd y{peer.get(), POLLOUT, 0};
            ::poll(&y, 1, 100);
            return !stop.stop_requested()
                   && ::send(peer.get(), bytes.data(), bytes.size(),
                             MSG_NOSIGNAL)
                        > 0;
          });
          // Waits until the client closes the connection.
          while (!stop.stop_requested()) {
            pollfd y{peer.get(), POLLIN, 0};
            if (::poll(&y, 1, 10) > 0
                && ::recv(peer.get(), request, sizeof request, 0) <= 0)
              break;
          }
        }
      }} {
    // nop
  }

  std::string url() const {
    return "redis://127.0.0.1:" + std::to_string(port_of(listening_));
  }

private:
  socket_handle listening_;
  std::jthread thread_;
};

std::string problem_after(std::string_view bytes) {
  fake_server server{[&](auto& send) {
    send(bytes);
  }};
  return problem(*opened(server.url()), {{"PING"}});
}

} // namespace

TEST_CASE("redis client: authenticates and selects the database of the URL") {
  redis_server server{"--requirepass", "secret"};
  auto one = opened(server.url() + "?db=1&pass=secret");
  auto two = opened(server.url() + "?db=2&user=default&pass=secret");

  REQUIRE(one->run({{"SET", "a", "1"}}));

  CHECK((*two->run({{"EXISTS", "a"}}))[0].number == 0);
  CHECK((*one->run({{"EXISTS", "a"}}))[0].number == 1);
}

TEST_CASE("redis client: a wrong or missing password is an error that does not "
          "show it") {
  redis_server server{"--requirepass", "secret"};
  auto wrong = opened(server.url() + "?pass=mistaken");

  auto text = problem(*wrong, {{"PING"}});

  CHECK(contains(text, "WRONGPASS"));
  CHECK(!contains(text, "mistaken"));
  auto replies = opened(server.url())->run({{"PING"}});
  REQUIRE(replies);
  CHECK((*replies)[0].type == kind::error);
}

TEST_CASE("redis client: a database that does not exist is an error") {
  redis_server server;

  CHECK(contains(problem(*opened(server.url() + "?db=999"), {{"PING"}}),
                 "out of range"));
}

TEST_CASE("redis client: leaves the last descriptors to the process, for a "
          "workflow only") {
  redis_server server;
  auto workflow = std::move(*open_workflow_redis(server.url()));
  auto own = opened(server.url());
  descriptor_limit few;

  CHECK(contains(problem(*workflow, {{"PING"}}), "too many files"));
  CHECK(own->run({{"PING"}}));
}

TEST_CASE("redis client: connects over TCP by address and by name") {
  auto port = port_of(free_port());
  redis_server server{"--port", std::to_string(port), "--bind", "127.0.0.1"};

  for (std::string host : {"127.0.0.1", "localhost"}) {
    auto connection
      = opened("redis://" + host + ":" + std::to_string(port) + "/3");
    CHECK((*connection->run({{"PING"}}))[0].text == "PONG");
  }
}

TEST_CASE(
  "redis client: a failed connection is an error that names the address") {
  auto port = port_of(free_port());
  auto url = "redis://127.0.0.1:" + std::to_string(port);

  CHECK(problem(*opened(url), {{"PING"}}) == url + ": connection refused");
  CHECK(problem(*opened("unix:/nowhere/redis.sock"), {{"PING"}})
        == "unix:/nowhere/redis.sock: no such file or directory");
  CHECK(contains(problem(*opened("redis://unknown.invalid"), {{"PING"}}),
                 "redis://unknown.invalid:6379: "));
}

TEST_CASE(
  "redis client: a broken connection is one error, then it reconnects") {
  redis_server server;
  auto connection = opened(server.url());
  REQUIRE(connection->run({{"SET", "a", "1"}}));
  server.kill();
  server.start();

  CHECK(contains(problem(*connection, {{"PING"}}),
                 "the server closed the connection"));
  CHECK((*connection->run({{"EXISTS", "a"}}))[0].number == 0);
}

TEST_CASE("redis client: one run takes many commands and large values") {
  redis_server server;
  auto connection = opened(server.url());
  std::vector<redis_command> commands;
  for (int i = 0; i < 20'000; ++i)
    commands.push_back({"RPUSH", "l", std::string(500, 'x')});
  commands.push_back({"SET", "big", std::string(8u << 20, 'y')});
  commands.push_back({"GET", "big"});
  commands.push_back({"LRANGE", "l", "0", "-1"});

  auto replies = connection->run(commands);

  REQUIRE(replies);
  CHECK((*replies)[19'999].number == 20'000);
  CHECK((*replies)[20'001].text.size() == 8u << 20);
  CHECK((*replies)[20'002].items.size() == 20'000);
}

TEST_CASE("redis client: a server that hangs is a timeout") {
  redis_server server;
  auto connection = opened(server.url());
  REQUIRE(connection->run({{"PING"}}));

  server.signal(SIGSTOP);
  CHECK(contains(problem(*connection, {{"PING"}}),
                 "the server does not answer in time"));
  server.signal(SIGCONT);

  CHECK(connection->run({{"PING"}}));
}

TEST_CASE("redis client: a blocking command gets its timeout on top") {
  redis_server server;
  auto connection = opened(server.url());

  auto blocked = connection->run({{"BLPOP", "l", "2.2"}}, 2200ms);
  REQUIRE(blocked);
  CHECK((*blocked)[0].type == kind::nothing);

  CHECK(!connection->run({{"BLPOP", "l", "9"}}));
}

TEST_CASE("redis client: a malformed or unexpected reply is an error") {
  CHECK(contains(problem_after("HTTP/1.1 200 OK\r\n\r\n"), "protocol error"));
  CHECK(contains(problem_after("*-7\r\n"), "protocol error"));
  CHECK(contains(problem_after(":12x\r\n"), "protocol error"));
  CHECK(contains(problem_after("+OK\r\n+OK\r\n"), "unexpected reply"));
}

namespace {

/// By the budget; on a busy machine the timeout may come first.
bool cut_off(const std::string& why) {
  return contains(why, "the replies exceed 64 MiB")
         || contains(why, "not answer in time");
}

} // namespace

TEST_CASE("redis client: an announced length allocates nothing") {
  CHECK(contains(problem_after("*2147483647\r\n:1\r\n"), "not answer in time"));
  CHECK(contains(problem_after("$2147483647\r\nx"), "not answer in time"));
}

TEST_CASE("redis client: a list without an end is cut off") {
  fake_server server{[](auto& send) {
    std::string many;
    for (int i = 0; i < 10'000; ++i)
      many += ":1\r\n";
    for (auto is_open = send("*2147483647\r\n"); is_open;)
      is_open = send(many);
  }};

  CHECK(cut_off(problem(*opened(server.url()), {{"LRANGE", "l", "0", "-1"}})));
}

TEST_CASE("redis client: a value without an end is cut off") {
  fake_server server{[](auto& send) {
    std::string many(1u << 20, 'x');
    for (auto is_open = send("$2147483647\r\n"); is_open;)
      is_open = send(many);
  }};

  CHECK(cut_off(problem(*opened(server.url()), {{"GET", "a"}})));
}

TEST_CASE("redis client: deeply nested lists are refused") {
  std::string nested;
  for (int i = 0; i < 10'000; ++i)
    nested += "*1\r\n";

  CHECK(contains(problem_after(nested), "protocol error"));
}
