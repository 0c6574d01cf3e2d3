// SPDX-License-Identifier: MIT
// Requests that two servers could understand differently (RFC 9112, section
// 11), and those at and beyond each limit.
#include "test/runtime/http/http_fixture.hpp"

#include <random>

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct http_conformance_fixture : http_server_fixture {
  http_conformance_fixture() {
    http_server_options options;
    options.body = 1000;
    start(options);
  }

  /// The status of the only response; 0: there is none, or there are several.
  int status(std::string_view request) {
    auto reply = ask(request);
    if (count(reply, "HTTP/1.1 ") != 1 || !reply.starts_with("HTTP/1.1 "))
      return 0;
    return std::stoi(reply.substr(9, 3));
  }

  std::string post(const std::string& headers, const std::string& body = "") {
    return "POST / HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n" + body;
  }
};

} // namespace

TEST_CASE_FIXTURE(http_conformance_fixture,
                  "http conformance: two lengths of one body are refused") {
  const std::string smuggled = "GET /secret HTTP/1.1\r\nHost: h\r\n\r\n";
  for (auto& headers : {
         "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
         "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
         "Content-Length: 5\r\nContent-Length: 6\r\n",
         "Content-Length: 5\r\nContent-Length: 5\r\n",
         "Content-Length: 5, 5\r\n",
         "Content-Length: +5\r\n",
         "Content-Length: -5\r\n",
         "Content-Length: 0x5\r\n",
         "Content-Length: 5 5\r\n",
         "Content-Length: 99999999999999999999\r\n",
         "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
         "Transfer-Encoding: identity\r\n",
         "Transfer-Encoding: gzip, chunked\r\n",
         "Transfer-Encoding: chunked, identity\r\n",
         "Transfer-Encoding: xchunked\r\n",
         "Transfer-Encoding : chunked\r\n",
         "Content-Length : 5\r\n",
         "Transfer-Encoding: \x0b"
         "chunked\r\n",
       }) {
    INFO(std::string{headers});
    CHECK(status(post(headers, "0\r\n\r\n" + smuggled)) == 400);
  }
  CHECK(handled() == 0);
}

TEST_CASE_FIXTURE(http_conformance_fixture,
                  "http conformance: malformed chunks are refused") {
  for (auto& body : {"x\r\n", "-1\r\n", "5\nhello\r\n0\r\n\r\n",
                     "5\r\nhelloXX0\r\n\r\n", "ffffffffffffffffff\r\n", "\r\n",
                     "1 1\r\na\r\n0\r\n\r\n", "0x1\r\na\r\n0\r\n\r\n"}) {
    INFO(std::string{body});
    CHECK(status(post("Transfer-Encoding: chunked\r\n", body)) == 400);
  }
  CHECK(handled() == 0);
}

TEST_CASE_FIXTURE(http_conformance_fixture,
                  "http conformance: malformed lines are refused") {
  for (auto& request : {
         "GET / HTTP/1.1\nHost: h\n\n",
         "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: h\r\nX : y\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: h\r\n: y\r\n\r\n",
         "GET / HTTP/1.1\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
         "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
         "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
         "GET /\r\nHost: h\r\n\r\n",
         "GET / XTTP/1.1\r\nHost: h\r\n\r\n",
         "G(T / HTTP/1.1\r\nHost: h\r\n\r\n",
         "GET secret HTTP/1.1\r\nHost: h\r\n\r\n",
         "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
         "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
       }) {
    INFO(std::string{request});
    CHECK(status(request) == 400);
  }
  using namespace std::string_view_literals;
  CHECK(status("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"sv) == 400);
  CHECK(status("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"sv) != 200);
  CHECK(handled() == 0);
}

TEST_CASE_FIXTURE(http_conformance_fixture,
                  "http conformance: a folded header is one value") {
  auto reply = ask("GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n"
                   "Y: c\r\n\r\n");

  if (contains(reply, " 400 "))
    return;
  REQUIRE(handled() == 1);
  for (auto& [name, value] : requests[0].headers) {
    CHECK(!contains(value, "\n"));
    CHECK(name != " b");
  }
}

TEST_CASE_FIXTURE(http_conformance_fixture,
                  "http conformance: each limit has its status") {
  CHECK(status("GET /" + std::string(limits::http_header, 'a')
               + " HTTP/1.1\r\nHost: h\r\n\r\n")
        == 431);
  CHECK(status(post("X: " + std::string(limits::http_header, 'a') + "\r\n"))
        == 431);
  std::string many;
  for (std::size_t i = 0; i <= limits::http_headers; ++i)
    many += "X" + std::to_string(i) + ": y\r\n";
  CHECK(status(post(many + "Content-Length: 0\r\n")) == 431);
  CHECK(status(post("Content-Length: 1001\r\n", std::string(1001, 'x')))
        == 413);
  CHECK(status(post("Content-Length: 1001\r\nExpect: 100-continue\r\n"))
        == 413);
  CHECK(status(post("Transfer-Encoding: chunked\r\n",
                    "3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n"))
        == 413);
  CHECK(status("POST / HTTP/1.0\r\n\r\n") == 411);
  CHECK(status(post("Content-Length: 0\r\nExpect: tea\r\n")) == 417);
  CHECK(status("GET / HTTP/2.0\r\nHost: h\r\n\r\n") == 400);
  CHECK(handled() == 0);
  CHECK(status(post("Content-Length: 1000\r\n", std::string(1000, 'x')))
        == 200);
}

TEST_CASE_FIXTURE(http_conformance_fixture,
                  "http conformance: a request may arrive split at any byte") {
  const std::string text = "POST /a HTTP/1.1\r\nHost: h\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n"
                           "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                           "GET /b HTTP/1.1\r\nHost: h\r\n\r\n";
  for (std::size_t at = 1; at < text.size(); ++at) {
    http_peer peer{server->port()};
    peer.send(text.substr(0, at));
    // The server reads the first part alone.
    auto early = peer.read_until("GET /b ", 2ms);
    peer.send(text.substr(at));
    if (early.ends_with("[timeout]"))
      early += peer.read_until("GET /b ");
    INFO(at);
    CHECK(contains(early, "POST /a abcde"));
    CHECK(contains(early, "GET /b "));
  }
}

TEST_CASE_FIXTURE(http_conformance_fixture,
                  "http conformance: HTTP/1.0 closes, and needs no host") {
  http_peer peer{server->port()};
  peer.send("GET /a HTTP/1.0\r\n\r\n");

  auto reply = peer.read_all();

  CHECK(contains(reply, "200 OK"));
  CHECK(reply.ends_with("GET /a [end]"));
}

TEST_CASE_FIXTURE(http_conformance_fixture,
                  "http conformance: a refused request ends its connection") {
  auto reply = ask("GET / HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");

  CHECK(count(reply, "HTTP/1.1 ") == 1);
  CHECK(contains(reply, " 400 "));
  CHECK(contains(reply, "Connection: close"));
}

TEST_CASE_FIXTURE(http_conformance_fixture,
                  "http conformance: HEAD has the headers of GET and no body") {
  auto reply = ask("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");

  CHECK(contains(reply, "Content-Length: 8\r\n"));
  CHECK(reply.ends_with("\r\n\r\n[end]"));
}

TEST_CASE_FIXTURE(http_conformance_fixture,
                  "http conformance: random requests neither end the server "
                  "nor get anything but HTTP") {
  const std::vector<std::string> seeds{
    post("Content-Length: 3\r\n", "abc"),
    post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"),
    post("Expect: 100-continue\r\nContent-Length: 1\r\n", "a"),
    "GET http://h/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"};
  std::mt19937 random{7};
  auto below = [&](std::size_t n) {
    return random() % n;
  };
  for (auto i = 0; i < 500; ++i) {
    auto text = seeds[below(seeds.size())] + seeds[below(seeds.size())];
    for (auto n = below(4); n > 0; --n)
      switch (below(3)) {
      case 0:
        text[below(text.size())] = static_cast<char>(below(256));
        break;
      case 1:
        text.erase(below(text.size()), below(8));
        break;
      default:
        text.insert(below(text.size()), text.substr(below(text.size()), 16));
      }
    auto reply = ask(text);
    INFO(text);
    CHECK((reply == "[end]" || reply.starts_with("HTTP/1.1 ")));
    CHECK(!contains(reply, "[timeout]"));
  }

  CHECK(status("GET / HTTP/1.1\r\nHost: h\r\n\r\n") == 200);
}
