// SPDX-License-Identifier: MIT
#include "runtime/redis/client.hpp"

#include "test/fixtures/redis_server.hpp"

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

/// Takes one connection at a time, reads what comes first, and says whatever
/// the test wants it to.
class fake_server {
public:
  using say = std::function<bool(std::string_view)>;

  explicit fake_server(std::function<void(const say&)> talk)
    : listening_{free_port()}, thread_{[this, talk = std::move(talk)](
                                         std::stop_token stop) {
        while (!stop.stop_requested()) {
          pollfd x{listening_.get(), POLLIN, 0};
          if (::poll(&x, 1, 10) <= 0)
            continue;
          socket_handle peer{::accept(listening_.get(), nullptr, nullptr)};
          char request[4096];
          if (::recv(peer.get(), request, sizeof request, 0) <= 0)
            continue;
          talk([&](std::string_view bytes) {
            pollfd y{peer.get(), POLLOUT, 0};
            ::poll(&y, 1, 100);
            return !stop.stop_requested()
                   && ::send(peer.get(), bytes.data(), bytes.size(),
                             MSG_NOSIGNAL)
                        > 0;
          });
          // Waits for the other side to leave.
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

std::string answer_to(std::string_view bytes) {
  fake_server server{[&](auto& say) {
    say(bytes);
  }};
  return problem(*opened(server.url()), {{"PING"}});
}

} // namespace

TEST_CASE("a database of its own is chosen, behind a password") {
  redis_server server{"--requirepass", "secret"};
  auto one = opened(server.url() + "?db=1&pass=secret");
  auto two = opened(server.url() + "?db=2&user=default&pass=secret");

  REQUIRE(one->run({{"SET", "a", "1"}}));

  CHECK((*two->run({{"EXISTS", "a"}}))[0].number == 0);
  CHECK((*one->run({{"EXISTS", "a"}}))[0].number == 1);
}

TEST_CASE("a wrong password, or none, is an error that does not show it") {
  redis_server server{"--requirepass", "secret"};
  auto wrong = opened(server.url() + "?pass=mistaken");

  auto text = problem(*wrong, {{"PING"}});

  CHECK(contains(text, "WRONGPASS"));
  CHECK(!contains(text, "mistaken"));
  auto replies = opened(server.url())->run({{"PING"}});
  REQUIRE(replies);
  CHECK((*replies)[0].type == kind::error);
}

TEST_CASE("a database that does not exist is an error") {
  redis_server server;

  CHECK(contains(problem(*opened(server.url() + "?db=999"), {{"PING"}}),
                 "out of range"));
}

TEST_CASE("Redis is found over TCP by address and by name") {
  auto port = port_of(free_port());
  redis_server server{"--port", std::to_string(port), "--bind", "127.0.0.1"};

  for (std::string host : {"127.0.0.1", "localhost"}) {
    auto acceptor
      = opened("redis://" + host + ":" + std::to_string(port) + "/3");
    CHECK((*acceptor->run({{"PING"}}))[0].text == "PONG");
  }
}

TEST_CASE("nobody there is an error, and names whom we looked for") {
  auto port = port_of(free_port());
  auto url = "redis://127.0.0.1:" + std::to_string(port);

  CHECK(problem(*opened(url), {{"PING"}}) == url + ": connection refused");
  CHECK(problem(*opened("unix:/nowhere/redis.sock"), {{"PING"}})
        == "unix:/nowhere/redis.sock: no such file or directory");
  CHECK(contains(problem(*opened("redis://nobody.invalid"), {{"PING"}}),
                 "redis://nobody.invalid:6379: "));
}

TEST_CASE("a connection that broke is an error once, then there is another") {
  redis_server server;
  auto acceptor = opened(server.url());
  REQUIRE(acceptor->run({{"SET", "a", "1"}}));
  server.kill();
  server.start();

  CHECK(contains(problem(*acceptor, {{"PING"}}), "it has hung up"));
  CHECK((*acceptor->run({{"EXISTS", "a"}}))[0].number == 0);
}

TEST_CASE("many commands and large values go in one run") {
  redis_server server;
  auto acceptor = opened(server.url());
  std::vector<redis_command> commands;
  for (int i = 0; i < 20'000; ++i)
    commands.push_back({"RPUSH", "l", std::string(500, 'x')});
  commands.push_back({"SET", "big", std::string(8u << 20, 'y')});
  commands.push_back({"GET", "big"});
  commands.push_back({"LRANGE", "l", "0", "-1"});

  auto replies = acceptor->run(commands);

  REQUIRE(replies);
  CHECK((*replies)[19'999].number == 20'000);
  CHECK((*replies)[20'001].text.size() == 8u << 20);
  CHECK((*replies)[20'002].items.size() == 20'000);
}

TEST_CASE("a server that hangs is given up") {
  redis_server server;
  auto acceptor = opened(server.url());
  REQUIRE(acceptor->run({{"PING"}}));

  server.signal(SIGSTOP);
  CHECK(contains(problem(*acceptor, {{"PING"}}), "it does not answer in time"));
  server.signal(SIGCONT);

  CHECK(acceptor->run({{"PING"}}));
}

TEST_CASE("a blocking command may take the time it asks for") {
  redis_server server;
  auto acceptor = opened(server.url());

  auto patient = acceptor->run({{"BLPOP", "l", "2.2"}}, 2200ms);
  REQUIRE(patient);
  CHECK((*patient)[0].type == kind::nothing);

  CHECK(!acceptor->run({{"BLPOP", "l", "9"}}));
}

TEST_CASE("a reply that is none is refused, and the connection dropped") {
  CHECK(contains(answer_to("HTTP/1.1 200 OK\r\n\r\n"),
                 "it does not speak as Redis does"));
  CHECK(contains(answer_to("*-7\r\n"), "it does not speak as Redis does"));
  CHECK(contains(answer_to(":12x\r\n"), "it does not speak as Redis does"));
  CHECK(contains(answer_to("+OK\r\n+OK\r\n"), "what nobody has asked"));
}

namespace {

/// By its size; on a busy machine it may run out of time first.
bool cut_off(const std::string& why) {
  return contains(why, "it answers more than 64 MiB")
         || contains(why, "not answer in time");
}

} // namespace

TEST_CASE("a list that announces more than it has costs nothing") {
  CHECK(contains(answer_to("*2147483647\r\n:1\r\n"), "not answer in time"));
  CHECK(contains(answer_to("$2147483647\r\nx"), "not answer in time"));
}

TEST_CASE("an endless list is cut off") {
  fake_server server{[](auto& say) {
    std::string many;
    for (int i = 0; i < 10'000; ++i)
      many += ":1\r\n";
    for (auto go_on = say("*2147483647\r\n"); go_on;)
      go_on = say(many);
  }};

  CHECK(cut_off(problem(*opened(server.url()), {{"LRANGE", "l", "0", "-1"}})));
}

TEST_CASE("a value without an end is cut off") {
  fake_server server{[](auto& say) {
    std::string many(1u << 20, 'x');
    for (auto go_on = say("$2147483647\r\n"); go_on;)
      go_on = say(many);
  }};

  CHECK(cut_off(problem(*opened(server.url()), {{"GET", "a"}})));
}

TEST_CASE("lists in lists in lists are refused") {
  std::string nested;
  for (int i = 0; i < 10'000; ++i)
    nested += "*1\r\n";

  CHECK(contains(answer_to(nested), "it does not speak as Redis does"));
}
