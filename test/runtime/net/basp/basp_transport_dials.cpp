// SPDX-License-Identifier: MIT
#include "test/fixtures/transport_fixture.hpp"

#include "runtime/net/basp/basp_transport.hpp"
#include "runtime/net/socket.hpp"

#include <doctest/doctest.h>

namespace edgeless {

namespace {

using enum peer_role;

/// A listening socket of ours that is never served.
std::string silent_url(socket_handle& socket) {
  auto address = resolve({"http", "127.0.0.1", 0}, true);
  socket = std::move(*listen_at(address->at(0)));
  return "http://127.0.0.1:" + std::to_string(port_of(socket));
}

} // namespace

// -- dials that fail ----------------------------------------------------------

TEST_CASE("a dial to a closed port says so") {
  program here;
  socket_handle socket;
  auto url = silent_url(socket);
  auto place = url.substr(7);
  socket = {};

  auto result = here.dial(url, node, orchestrator);

  CHECK(result.url == url);
  CHECK(!result.handle);
  CHECK(result.reason == place + ": connection refused");
}

TEST_CASE("a dial to somebody who never answers says so, and delays nobody") {
  program here;
  program there;
  socket_handle socket;
  auto silent = silent_url(socket);
  auto good = there.open(there.spawn(library), orchestrator, {node});

  caf::scoped_actor waiting{here.system()};
  auto whom = caf::actor_cast<caf::strong_actor_ptr>(waiting);
  here.net->dial(silent, node, orchestrator, "", whom);
  here.net->dial(good, node, orchestrator, "", whom);

  std::vector<std::string> order;
  for (int i = 0; i < 2; ++i)
    waiting->receive([&](atom::dialled, const std::string&,
                         const caf::strong_actor_ptr& handle,
                         const std::string& reason) {
      order.push_back(handle ? "reached" : reason);
    });
  CHECK(order
        == std::vector<std::string>{
          "reached", silent.substr(7) + ": no answer within 400 ms"});
}

TEST_CASE("a dial to a peer that hangs up says so") {
  program here;
  socket_handle socket;
  auto url = silent_url(socket);
  std::thread other{[&] {
    eventually([&] {
      return socket_handle{::accept(socket.get(), nullptr, nullptr)}.get() >= 0;
    });
  }};

  auto result = here.dial(url, node, orchestrator);
  other.join();

  CHECK(!result.handle);
  CHECK(result.reason.starts_with(url.substr(7) + ": hung up"));
}

TEST_CASE("a dial to a name that nobody has says so") {
  auto settings = program::quick();
  settings.dial = ages;
  program here{settings};

  auto result = here.dial("http://nobody.invalid:7001", node, orchestrator);

  CHECK(!result.handle);
  CHECK(result.reason.starts_with("nobody.invalid: "));
}

TEST_CASE("a dial to ourselves fails") {
  program here;
  auto url = here.open(here.spawn(ingress), node, {node});

  auto result = here.dial(url, node, node);

  CHECK(!result.handle);
  CHECK(here.statistics->refused_for(refusal::own_node) > 0);
}

TEST_CASE("what is no URL, or asks for TLS, is not dialled") {
  program here;
  CHECK(here.dial("orchestrator", node, orchestrator).reason
        == explain(parse_url("orchestrator").error()));
  CHECK(here.dial("https://127.0.0.1:1", node, orchestrator).reason
        == "https://127.0.0.1: needs the files of [tls]");
}

TEST_CASE("a dial that is under way when the wire closes is called off") {
  auto settings = program::quick();
  settings.dial = ages;
  program here{settings};
  socket_handle socket;
  auto url = silent_url(socket);
  caf::scoped_actor waiting{here.system()};
  here.net->dial(url, node, orchestrator, "",
                 caf::actor_cast<caf::strong_actor_ptr>(waiting));

  here.net.reset();

  std::string told;
  waiting->receive([&](atom::dialled, const std::string&,
                       const caf::strong_actor_ptr&,
                       const std::string& reason) { told = reason; });
  CHECK(told == "dialling was called off");
}

// -- listening ----------------------------------------------------------------

TEST_CASE("a port that is taken is named") {
  program here;
  auto acceptor = here.spawn(ingress);
  here.open(acceptor, node, {node});
  auto port = here.acceptors.back()->port();

  auto second = here.open(acceptor, node, {node}, port);

  CHECK(second
        == "cannot listen at 127.0.0.1:" + std::to_string(port)
             + ": address already in use");
}

TEST_CASE("a door can be reached by name, by IPv6, and at all addresses") {
  program here;
  program there;
  auto acceptor = caf::actor_cast<caf::strong_actor_ptr>(there.spawn(ingress));
  for (auto [listen, dial] : {std::pair{"localhost", "localhost"},
                              {"::1", "[::1]"},
                              {"0.0.0.0", "127.0.0.1"},
                              {"::", "127.0.0.1"}}) {
    auto opened
      = there.net->listen({"http", listen, 0}, acceptor, node, {node});
    REQUIRE(opened);
    there.acceptors.push_back(std::move(*opened));
    auto result = here.dial("http://" + std::string{dial} + ":"
                              + std::to_string(there.acceptors.back()->port()),
                            node, node);
    CHECK(result.reason == "");
  }
}

TEST_CASE("a closed door lets nobody in, and whoever is in may stay") {
  program here;
  program there;
  auto url = there.open(there.spawn(library), orchestrator, {node});
  auto whom = here.reach<module_source_actor>(url, node, orchestrator);

  there.acceptors.clear();

  program late;
  CHECK(eventually([&] { return !late.dial(url, node, orchestrator).handle; }));
  CHECK(fetch(here, whom, "known") == "xxxxxxxxxx");
}

} // namespace edgeless
