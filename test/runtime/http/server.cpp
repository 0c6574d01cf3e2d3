// SPDX-License-Identifier: MIT
#include "test/fixtures/resource_limits.hpp"
#include "test/runtime/http/http_fixture.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

using namespace edgeless;
using namespace edgeless::test;

namespace {

const std::string get_a = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

} // namespace

TEST_CASE_FIXTURE(http_server_fixture, "http server: answers a request") {
  start();

  auto reply = ask("POST /a?b=c HTTP/1.1\r\nHost: h:80\r\nX-Y: z\r\n"
                   "Content-Length: 3\r\n\r\nxyz");

  CHECK(reply.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(contains(reply, "Content-Length: 15\r\n"));
  CHECK(contains(reply, "\r\n\r\nPOST /a?b=c xyz"));
  REQUIRE(handled() == 1);
  CHECK(requests[0].host == "h:80");
  CHECK(requests[0].headers.size() == 3);
}

TEST_CASE_FIXTURE(http_server_fixture,
                  "http server: keeps a connection for the next request") {
  start();
  http_peer peer{server->port()};

  for (auto i = 0; i < 3; ++i) {
    peer.send(get_a);
    CHECK(contains(peer.read_until("GET /a "), "200 OK"));
  }

  CHECK(server->statistics().accepted == 1);
  CHECK(server->statistics().responses[100] == 3);
}

TEST_CASE_FIXTURE(http_server_fixture,
                  "http server: answers pipelined requests in order") {
  start();

  auto reply = ask("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
                   "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
                   "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");

  CHECK(count(reply, "HTTP/1.1 200 OK") == 3);
  CHECK(reply.find("GET /1") < reply.find("POST /2 x"));
  CHECK(reply.find("POST /2 x") < reply.find("GET /3"));
  CHECK(contains(reply, "Connection: close"));
}

TEST_CASE_FIXTURE(http_server_fixture, "http server: reads chunked bodies") {
  start();

  auto reply = ask("PUT /a HTTP/1.1\r\nHost: h\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n"
                   "2;x=y\r\nab\r\n3\r\ncde\r\n0\r\nTrailer: t\r\n\r\n"
                   + get_a);

  CHECK(contains(reply, "PUT /a abcde"));
  CHECK(contains(reply, "GET /a "));
}

TEST_CASE_FIXTURE(http_server_fixture,
                  "http server: asks for a body that the client announces") {
  start();
  http_peer peer{server->port()};

  peer.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
            "Expect: 100-continue\r\n\r\n");
  CHECK(peer.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("ok");

  CHECK(contains(peer.read_until("POST /a ok"), "200 OK"));
}

TEST_CASE_FIXTURE(
  http_server_fixture,
  "http server: a response to HEAD has no body, but its length") {
  start();

  auto reply = ask("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");

  CHECK(contains(reply, "Content-Length: 8\r\n"));
  CHECK(reply.ends_with("\r\n\r\n[end]"));
}

TEST_CASE_FIXTURE(http_server_fixture,
                  "http server: a handler cannot inject headers or framing") {
  handler = [](http_request, http_responder respond) {
    respond({200,
             {{"x", "a\r\nSet-Cookie: b"},
              {"transfer-encoding", "chunked"},
              {"content-length", "7"},
              {"y", "z"}},
             "body"});
  };
  start();

  auto reply = ask(get_a);

  CHECK(!contains(reply, "Set-Cookie"));
  CHECK(!contains(reply, "chunked"));
  CHECK(contains(reply, "Content-Length: 4\r\n"));
  CHECK(contains(reply, "y: z\r\n"));
}

TEST_CASE_FIXTURE(http_server_fixture,
                  "http server: a request without a response gets 500") {
  handler = [](http_request, http_responder) { /* forgets it */ };
  start();

  CHECK(contains(ask(get_a), " 500 "));
}

TEST_CASE_FIXTURE(http_server_fixture,
                  "http server: a client that half-closes gets its response") {
  std::optional<http_responder> later;
  std::atomic<bool> is_set{false};
  handler = [&](http_request, http_responder respond) {
    later = respond;
    is_set = true;
  };
  start();
  http_peer peer{server->port()};
  peer.send(get_a);
  peer.shut_down();

  while (!is_set)
    std::this_thread::yield();
  (*later)({200, {}, "late"});

  CHECK(contains(peer.read_all(), "late"));
}

TEST_CASE_FIXTURE(http_server_fixture,
                  "http server: a response for a closed server is ignored") {
  std::optional<http_responder> later;
  std::atomic<bool> is_set{false};
  handler = [&](http_request, http_responder respond) {
    later = respond;
    is_set = true;
  };
  start();
  http_peer peer{server->port()};
  peer.send(get_a);
  while (!is_set)
    std::this_thread::yield();

  server.reset();
  (*later)({200, {}, "late"});

  CHECK(peer.read_all() == "[end]");
}

TEST_CASE_FIXTURE(http_server_fixture,
                  "http server: a silent client is disconnected") {
  http_server_options options;
  options.idle = 100ms;
  start(options);
  http_peer silent{server->port()};

  CHECK(silent.read_all() == "[end]");
}

TEST_CASE_FIXTURE(http_server_fixture,
                  "http server: slow headers and slow bodies get 408") {
  http_server_options options;
  options.header_time = options.body_time = 100ms;
  start(options);
  http_peer headers{server->port()};
  http_peer body{server->port()};
  headers.send("GET /a HTTP/1.1\r\nHo");
  body.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx");

  CHECK(headers.read_all().starts_with("HTTP/1.1 408 "));
  CHECK(body.read_all().starts_with("HTTP/1.1 408 "));
  CHECK(handled() == 0);
}

TEST_CASE_FIXTURE(http_server_fixture,
                  "http server: a byte at a time does not extend a deadline") {
  http_server_options options;
  options.header_time = 300ms;
  start(options);
  http_peer peer{server->port()};
  auto begin = std::chrono::steady_clock::now();

  std::string reply;
  for (char c : get_a.substr(0, get_a.size() - 1)) {
    peer.send({&c, 1});
    reply += peer.read_until("408", 30ms);
    if (!reply.ends_with("[timeout]"))
      break;
  }

  CHECK(contains(reply, "408"));
  CHECK(std::chrono::steady_clock::now() - begin < 3s);
}

TEST_CASE_FIXTURE(http_server_fixture,
                  "http server: connections above the limit get 503") {
  http_server_options options;
  options.connections = 2;
  start(options);
  http_peer a{server->port()};
  http_peer b{server->port()};
  a.send(get_a);
  b.send(get_a);
  a.read_until("GET /a ");
  b.read_until("GET /a ");

  http_peer c{server->port()};
  auto reply = c.read_all();

  CHECK(contains(reply, " 503 "));
  CHECK(contains(reply, "Retry-After: 1"));
  CHECK(server->statistics().refused == 1);
}

TEST_CASE_FIXTURE(http_server_fixture,
                  "http server: accepts again after a lack of descriptors") {
  start();
  http_peer before{server->port()};
  before.send(get_a);
  before.read_until("GET /a ");
  // The client's descriptor is the last one that the limit allows.
  auto few = std::make_unique<descriptor_limit>(1);
  http_peer waiting{server->port()};
  waiting.send(get_a);
  auto too_early = waiting.read_until("GET /a ", 100ms);
  few.reset();

  CHECK(too_early == "[timeout]");
  CHECK(contains(waiting.read_until("GET /a "), "200 OK"));
  CHECK(server->statistics().pauses > 0);
}

TEST_CASE_FIXTURE(http_server_fixture,
                  "http server: leaves the last descriptors to the process, "
                  "unless it is essential") {
  for (auto essential : {false, true}) {
    http_server_options options;
    options.is_essential = essential;
    start(options);
    descriptor_limit few;
    http_peer peer{server->port()};
    peer.send(get_a);
    auto reply = peer.read_until(essential ? "GET /a " : "\r\n\r\n");
    CHECK(contains(reply, essential ? " 200 OK" : " 503 "));
    CHECK(server->statistics().refused == (essential ? 0 : 1));
  }
}

TEST_CASE_FIXTURE(http_server_fixture,
                  "http server: answers from another thread, many at a time") {
  std::vector<std::thread> workers;
  handler = [&](http_request x, http_responder respond) {
    workers.emplace_back([x, respond] { respond({200, {}, "= " + x.target}); });
  };
  start();
  std::vector<std::unique_ptr<http_peer>> peers;
  for (auto i = 0; i < 32; ++i)
    peers.push_back(std::make_unique<http_peer>(server->port()));

  for (auto i = 0; i < 32; ++i)
    peers[i]->send("GET /" + std::to_string(i)
                   + " HTTP/1.1\r\nHost: h\r\n\r\n");

  for (auto i = 0; i < 32; ++i) {
    auto body = "= /" + std::to_string(i);
    CHECK(contains(peers[i]->read_until(body), body));
  }
  server.reset();
  for (auto& x : workers)
    x.join();
}
