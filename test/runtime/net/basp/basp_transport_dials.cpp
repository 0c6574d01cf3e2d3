// SPDX-License-Identifier: MIT
#include "test/fixtures/transport_fixture.hpp"

#include "runtime/net/basp/basp_transport.hpp"
#include "runtime/net/socket.hpp"

#include <doctest/doctest.h>

#include <future>

namespace edgeless {

namespace {

using enum peer_role;

/// The URL of a listening socket whose connections are never accepted.
std::string silent_url(socket_handle& socket) {
  auto address = resolve({"http", "127.0.0.1", 0}, true);
  socket = std::move(*listen_at(address->at(0)));
  return "http://127.0.0.1:" + std::to_string(port_of(socket));
}

} // namespace

// -- dials that fail ----------------------------------------------------------

TEST_CASE("dial: a closed port is reported as connection refused") {
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

TEST_CASE("dial: a silent peer times out and does not delay other dials") {
  program here;
  program there;
  socket_handle socket;
  auto silent = silent_url(socket);
  auto good = there.open(there.spawn(test_module_source), orchestrator, {node});

  caf::scoped_actor waiting{here.system()};
  auto receiver = caf::actor_cast<caf::strong_actor_ptr>(waiting);
  here.net->dial(silent, node, orchestrator, "", receiver);
  here.net->dial(good, node, orchestrator, "", receiver);

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

TEST_CASE("dial: a peer that closes the connection is reported") {
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
  CHECK(result.reason.starts_with(url.substr(7) + ": peer closed"));
}

TEST_CASE("dial: an unknown host name is reported") {
  auto settings = program::with_short_timeouts();
  settings.dial = test_timeout;
  program here{settings};

  auto result = here.dial("http://unknown.invalid:7001", node, orchestrator);

  CHECK(!result.handle);
  CHECK(result.reason.starts_with("unknown.invalid: "));
}

TEST_CASE("dial: fails for the own node") {
  program here;
  auto url = here.open(here.spawn(test_ingress), node, {node});

  auto result = here.dial(url, node, node);

  CHECK(!result.handle);
  CHECK(here.statistics->refused_for(refusal::own_node) > 0);
}

TEST_CASE("dial: refuses invalid URLs and https without certificates") {
  program here;
  CHECK(here.dial("orchestrator", node, orchestrator).reason
        == explain(parse_url("orchestrator").error()));
  CHECK(here.dial("https://127.0.0.1:1", node, orchestrator).reason
        == "https://127.0.0.1: needs the files of [tls]");
}

TEST_CASE("dial: is cancelled when the transport is destroyed") {
  auto settings = program::with_short_timeouts();
  settings.dial = test_timeout;
  program here{settings};
  socket_handle socket;
  auto url = silent_url(socket);
  caf::scoped_actor waiting{here.system()};
  here.net->dial(url, node, orchestrator, "",
                 caf::actor_cast<caf::strong_actor_ptr>(waiting));

  here.net.reset();

  std::string result;
  waiting->receive([&](atom::dialled, const std::string&,
                       const caf::strong_actor_ptr&,
                       const std::string& reason) { result = reason; });
  CHECK(result == "dial cancelled: the transport is closing");
}

// -- listening ----------------------------------------------------------------

TEST_CASE("listen: the error names a port that is in use") {
  program here;
  auto acceptor = here.spawn(test_ingress);
  here.open(acceptor, node, {node});
  auto port = here.acceptors.back()->port();

  auto second = here.open(acceptor, node, {node}, port);

  CHECK(second
        == "cannot listen at 127.0.0.1:" + std::to_string(port)
             + ": address already in use");
}

TEST_CASE("listen: accepts names, IPv6 and wildcard addresses") {
  program here;
  program there;
  auto acceptor
    = caf::actor_cast<caf::strong_actor_ptr>(there.spawn(test_ingress));
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

TEST_CASE(
  "listen: a closed listener refuses new connections and keeps the open ones") {
  program here;
  program there;
  auto url = there.open(there.spawn(test_module_source), orchestrator, {node});
  auto remote = here.reach<module_source_actor>(url, node, orchestrator);

  there.acceptors.clear();

  program late;
  CHECK(eventually([&] { return !late.dial(url, node, orchestrator).handle; }));
  CHECK(fetch(here, remote, "known") == "xxxxxxxxxx");
}

// -- probes -------------------------------------------------------------------

namespace {

/// The result of a probe of this URL for the process of `expected`.
std::string probe(program& from, const std::string& url, program& expected) {
  std::promise<std::string> result;
  from.net->probe(
    url, orchestrator, node, "", expected.system().node(),
    [&](std::string reason) { result.set_value(std::move(reason)); });
  return result.get_future().get();
}

} // namespace

TEST_CASE("probe: finds the process that listens at the address") {
  program here;
  program there;
  auto url = there.open(there.spawn(test_ingress), node, {node, client});

  CHECK(probe(here, url, there) == "");
  CHECK(probe(here, url, there) == "");
  CHECK(here.statistics->dialled == 0);
  CHECK(there.statistics->refused_in_total() == 0);
}

TEST_CASE("probe: a process that is connected already can be probed") {
  program here;
  program there;
  auto control
    = here.open(here.spawn(test_module_source), orchestrator, {node});
  auto url = there.open(there.spawn(test_ingress), node, {node, client});
  auto remote = there.reach<module_source_actor>(control, node, orchestrator);
  REQUIRE(remote);

  CHECK(probe(here, url, there) == "");

  CHECK(fetch(there, remote, "known") == "xxxxxxxxxx");
}

TEST_CASE("probe: names what is wrong with the address") {
  program here;
  program there;
  program other;
  auto url = other.open(other.spawn(test_ingress), node, {node, client});
  socket_handle socket;
  auto silent = silent_url(socket);

  CHECK(probe(here, url, there)
        == url.substr(7) + ": another process answers there");
  CHECK(probe(here, silent, there)
        == silent.substr(7) + ": no answer within 400 ms");
  socket = {};
  CHECK(probe(here, silent, there)
        == silent.substr(7) + ": connection refused");
  CHECK(probe(here, "no url", there) != "");
}

} // namespace edgeless
