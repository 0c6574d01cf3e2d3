// SPDX-License-Identifier: MIT
#include "runtime/http/client.hpp"

#include "test/fixtures/resource_limits.hpp"
#include "test/runtime/http/http_fixture.hpp"

#include "runtime/http/address_filter.hpp"

#include <atomic>
#include <filesystem>
#include <future>

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct http_client_fixture : http_server_fixture {
  caf::expected<http_response> send(http_client_request x) {
    auto promise
      = std::make_shared<std::promise<caf::expected<http_response>>>();
    auto result = promise->get_future();
    client.start(std::move(x), [promise](caf::expected<http_response> y) {
      promise->set_value(std::move(y));
    });
    if (result.wait_for(10s) != std::future_status::ready)
      return caf::error{fail(ec::unreachable, "the client never answers")};
    return result.get();
  }

  http_client_request request(const std::string& method,
                              const std::string& path = "/a") {
    http_client_request x;
    x.method = method;
    x.url = "http://127.0.0.1:" + std::to_string(server->port()) + path;
    return x;
  }

  http_client client{{"127.0.0.1"}};
};

std::string reason(const caf::expected<http_response>& x) {
  return x ? "none" : explain(x.error());
}

} // namespace

TEST_CASE_FIXTURE(http_client_fixture,
                  "http client: sends requests over one connection") {
  start();

  auto post = request("POST");
  post.body = "hello";
  post.headers = {{"X-Y", "z"}};
  auto reply = send(post);
  REQUIRE_MESSAGE(reply, reason(reply));
  CHECK(reply->status == 200);
  CHECK(reply->body == "POST /a hello");
  for (auto i = 0; i < 5; ++i)
    CHECK(send(request("GET")));
  auto head = send(request("HEAD"));
  REQUIRE(head);
  CHECK(head->body == "");

  CHECK(server->statistics().accepted == 1);
}

TEST_CASE_FIXTURE(http_client_fixture,
                  "http client: refuses local addresses that are not listed") {
  start();
  auto port = std::to_string(server->port());
  http_client strict{{}};

  for (auto host : {"127.0.0.1", "localhost", "0.0.0.0", "[::1]", "127.1",
                    "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"}) {
    http_client_request x;
    x.method = "GET";
    x.url = std::string{"http://"} + host + ":" + port + "/";
    std::promise<std::string> result;
    auto future = result.get_future();
    strict.start(x, [&](const caf::expected<http_response>& y) {
      result.set_value(reason(y));
    });
    REQUIRE(future.wait_for(10s) == std::future_status::ready);
    auto why = future.get();
    INFO(host << ": " << why);
    CHECK(contains(why, "http_allow"));
  }
  CHECK(handled() == 0);
}

TEST_CASE_FIXTURE(http_client_fixture,
                  "http client: checks the host of each redirect") {
  handler = [](http_request x, http_responder respond) {
    if (x.target == "/local")
      respond({302,
               {{"location", "http://localhost:"
                               + x.host.substr(x.host.find(':') + 1) + "/b"}},
               ""});
    else if (x.target == "/file")
      respond({302, {{"location", "file:///etc/passwd"}}, ""});
    else if (x.target == "/loop")
      respond({302, {{"location", "/loop"}}, ""});
    else if (x.target == "/next")
      respond({303, {{"location", "/end"}}, ""});
    else
      respond({200, {}, x.method + " " + x.target});
  };
  start();

  CHECK(contains(reason(send(request("GET", "/local"))), "http_allow"));
  CHECK(contains(reason(send(request("GET", "/file"))), "no URL of http"));
  CHECK(contains(reason(send(request("GET", "/loop"))), "too many redirects"));
  auto reply = send(request("POST", "/next"));
  REQUIRE(reply);
  CHECK(reply->body == "GET /end");
  auto listed = request("GET", "/next");
  listed.allow = {"example.com"};
  CHECK(contains(reason(send(listed)), "does not list 127.0.0.1"));
}

TEST_CASE_FIXTURE(http_client_fixture,
                  "http client: repeats what a server may execute twice") {
  std::atomic<int> requests_left{2};
  handler = [&](http_request, http_responder respond) {
    respond(requests_left-- > 0 ? retry_later("") : text_response(200, "ok"));
  };
  start();

  auto get = send(request("GET"));
  REQUIRE(get);
  CHECK(get->status == 200);
  requests_left = 1;
  auto post = send(request("POST"));
  REQUIRE(post);
  CHECK(post->status == 503);
}

TEST_CASE_FIXTURE(http_client_fixture,
                  "http client: a server that does not answer is a timeout") {
  std::vector<http_responder> kept;
  handler = [&](http_request, http_responder respond) {
    kept.push_back(respond);
  };
  start();
  auto x = request("GET");
  x.timeout = 200ms;

  auto begin = std::chrono::steady_clock::now();
  CHECK(contains(reason(send(x)), "timed out"));
  CHECK(std::chrono::steady_clock::now() - begin < 2s);
  server.reset();
}

TEST_CASE_FIXTURE(http_client_fixture,
                  "http client: an endless response is cut off") {
  handler = [](http_request, http_responder respond) {
    respond({200, {}, std::string(limits::http_body + 1, 'x')});
  };
  start();

  CHECK(contains(reason(send(request("GET"))), "too large"));
}

TEST_CASE_FIXTURE(http_client_fixture,
                  "http client: no server is an error, and does not block "
                  "others") {
  start();
  auto port = server->port();
  auto x = request("POST");
  server.reset();

  auto why = reason(send(x));

  CHECK(contains(why, ":" + std::to_string(port)));
  CHECK(contains(why, "Failed to connect"));
}

TEST_CASE_FIXTURE(http_client_fixture,
                  "http client: leaves the last descriptors to the process") {
  start();
  http_client_request elsewhere;
  elsewhere.url = "ftp://127.0.0.1";
  CHECK(!send(elsewhere)); // from now on the client has its own descriptors
  {
    descriptor_limit few{8};
    CHECK(contains(reason(send(request("GET"))), "too many files"));
  }
  CHECK(send(request("GET")));
}

TEST_CASE("http client: has no thread before its first request") {
  auto threads = [] {
    std::filesystem::directory_iterator all{"/proc/self/task"};
    return std::distance(begin(all), end(all));
  };
  auto before = threads();
  http_client client{{}};

  CHECK(threads() == before);
  client.start({"http://127.0.0.1:1/", "GET", {}, {}, {}},
               [](const caf::expected<http_response>&) {});
  CHECK(threads() > before);
}

TEST_CASE("address filter: knows local addresses in all their forms") {
  for (auto x : {"127.0.0.1", "127.255.255.254", "0.0.0.0", "169.254.169.254",
                 "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1",
                 "febf::1", "ff02::1", "::ffff:127.0.0.1",
                 "::ffff:169.254.169.254", "64:ff9b::127.0.0.1", "x"}) {
    INFO(x);
    CHECK(is_local_address(std::string_view{x}));
  }
  for (auto x : {"10.0.0.1", "192.168.1.1", "8.8.8.8", "2001:db8::1", "fd00::1",
                 "::ffff:8.8.8.8", "169.253.0.1"}) {
    INFO(x);
    CHECK(!is_local_address(std::string_view{x}));
  }
}

TEST_CASE("address filter: the host of a URL is what curl connects to") {
  CHECK(host_of_url("http://Example.com:80/a") == "example.com");
  CHECK(host_of_url("https://a@b.example/") == "b.example");
  CHECK(host_of_url("http://[::1]:80/") == "::1");
  CHECK(host_of_url("ftp://example.com/") == "");
  CHECK(host_of_url("file:///etc/passwd") == "");
  CHECK(host_of_url("") == "");
  CHECK(host_of_url("nonsense") == "");
}
