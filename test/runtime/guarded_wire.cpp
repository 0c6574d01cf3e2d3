// SPDX-License-Identifier: MIT
#include "runtime/guarded_wire.hpp"

#include "test/runtime/wire_fixture.hpp"

#include "runtime/wire_socket.hpp"

#include <caf/forwarding_actor_proxy.hpp>
#include <caf/io/basp_broker.hpp>

#include <doctest/doctest.h>

namespace edgeless {

namespace {

using enum peer_role;

/// What a fetch answers: the bytes, or why not.
std::string fetch(program& from, const library_actor& whom,
                  const code_id& code) {
  caf::scoped_actor self{from.system()};
  std::string result;
  self->request(whom, ages, atom::fetch_v, code, std::uint64_t{0})
    .receive([&](code_part& x) { result = x.bytes; },
             [&](const caf::error& error) {
               result = to_string(static_cast<ec>(error.code())) + ": "
                        + explain(error);
             });
  return result;
}

/// An orchestrator that lets everybody join and at once asks the newcomer
/// what runs there.
caf::behavior host(caf::event_based_actor* self) {
  return {
    [self](atom::join, const node_description&, const node_actor& newcomer,
           boot_id, const inventory&) {
      auto answer = self->make_response_promise<welcome>();
      self->request(newcomer, ages, atom::running_v)
        .then(
          [answer](const inventory& x) mutable {
            welcome result;
            result.stop.push_back(x.at(0).instance);
            answer.deliver(result);
          },
          [answer](caf::error& error) mutable {
            answer.deliver(std::move(error));
          });
      return answer;
    },
  };
}

/// A gate that counts parcels.
caf::behavior gate(caf::event_based_actor*) {
  return {
    [sum = std::uint64_t{0}](atom::deliver, std::uint64_t,
                             const batch& x) mutable {
      sum += x.parcels.size();
      return sum;
    },
  };
}

/// A handle for an actor that nobody has told us about.
caf::strong_actor_ptr handle_of(program& from, const caf::node_id& node,
                                caf::actor_id id) {
  auto broker = from.system().middleman().named_broker<caf::io::basp_broker>(
    caf::atom("BASP"));
  caf::actor_config config;
  return caf::make_actor<caf::forwarding_actor_proxy, caf::strong_actor_ptr>(
    id, node, &from.system(), config, broker);
}

/// Watches an actor from now on.
class watcher {
public:
  watcher(program& from, const caf::strong_actor_ptr& whom)
    : self_(from.system()) {
    self_->monitor(caf::actor_cast<caf::actor_addr>(whom));
  }

  /// Why it ended, or "alive" if it does not within that time.
  std::string end(std::chrono::milliseconds patience = ages) {
    std::string result = "alive";
    self_->receive(
      [&](caf::down_msg& x) { result = explain(x.reason); },
      caf::after(patience) >> [] {});
    return result;
  }

private:
  caf::scoped_actor self_;
};

/// A listening socket of ours that is never served.
std::string silent_url(socket_handle& socket) {
  auto address = resolve({"http", "127.0.0.1", 0}, true);
  socket = std::move(*listen_at(address->at(0)));
  return "http://127.0.0.1:" + std::to_string(port_of(socket));
}

} // namespace

TEST_CASE("a request is answered across the wire") {
  program here;
  program there;
  auto url = there.open(there.spawn(library), orchestrator, {node});

  auto whom = here.reach<library_actor>(url, node, orchestrator);

  REQUIRE(whom);
  CHECK(fetch(here, whom, "known") == "xxxxxxxxxx");
}

TEST_CASE("an error keeps its code and its sentence across the wire") {
  program here;
  program there;
  auto url = there.open(there.spawn(library), orchestrator, {node});

  auto whom = here.reach<library_actor>(url, node, orchestrator);

  REQUIRE(whom);
  CHECK(fetch(here, whom, "other") == "unknown_code: no module other");
}

TEST_CASE("a node that joined is asked over the connection it has made") {
  program here;
  program there;
  auto url = there.open(there.spawn(host), orchestrator, {node});
  physical_id instance{1, 2};
  auto self = here.spawn([=](caf::event_based_actor*) -> caf::behavior {
    return {[=](atom::running) {
      return inventory{{{}, instance, {}, 0, 0}};
    }};
  });
  auto whom = here.reach<orchestrator_actor>(url, node, orchestrator);

  caf::scoped_actor asking{here.system()};
  physical_id named;
  std::string error;
  asking
    ->request(whom, ages, atom::join_v, node_description{},
              caf::actor_cast<node_actor>(self), boot_id{}, inventory{})
    .receive([&](const welcome& x) { named = x.stop.at(0); },
             [&](const caf::error& x) { error = explain(x); });

  CHECK(error == "");
  CHECK(named == instance);
}

TEST_CASE("whoever watches a peer's actor learns when the peer ends") {
  program here;
  auto there = std::make_unique<program>();
  auto url = there->open(there->spawn(library), orchestrator, {node});
  auto whom = here.dial(url, node, orchestrator).handle;
  REQUIRE(whom);
  watcher watch{here, whom};

  there.reset();

  CHECK(watch.end() != "alive");
}

TEST_CASE("whoever watches a peer's actor learns when it ends") {
  program here;
  program there;
  auto door = there.spawn(library);
  auto url = there.open(door, orchestrator, {node});
  auto whom = here.dial(url, node, orchestrator).handle;
  REQUIRE(whom);
  watcher watch{here, whom};
  // Now the peer knows that its actor is watched.
  REQUIRE(fetch(here, caf::actor_cast<library_actor>(whom), "known") != "");

  caf::anon_send_exit(door, caf::exit_reason::user_shutdown);

  CHECK(watch.end() == "user_shutdown");
}

TEST_CASE("after a restart on the same port a new dial gives a new handle") {
  program here;
  auto there = std::make_unique<program>();
  auto url = there->open(there->spawn(library), orchestrator, {node});
  auto port = there->doors.back()->port();
  auto old = here.dial(url, node, orchestrator).handle;
  watcher watch{here, old};
  there.reset();
  REQUIRE(watch.end() != "alive");

  there = std::make_unique<program>();
  REQUIRE(there->open(there->spawn(library), orchestrator, {node}, port)
          == url);
  auto fresh = here.dial(url, node, orchestrator).handle;

  REQUIRE(fresh);
  CHECK(fresh != old);
  CHECK(fetch(here, caf::actor_cast<library_actor>(fresh), "known")
        == "xxxxxxxxxx");
}

TEST_CASE("a second dial to the same peer gives the same handle") {
  program here;
  program there;
  auto url = there.open(there.spawn(library), orchestrator, {node});
  auto first = here.dial(url, node, orchestrator).handle;
  watcher watch{here, first};

  auto second = here.dial(url, node, orchestrator).handle;

  CHECK(second == first);
  CHECK(fetch(here, caf::actor_cast<library_actor>(second), "known")
        == "xxxxxxxxxx");
  CHECK(watch.end(0ms) == "alive");
}

TEST_CASE("two nodes that dial each other at once both get through") {
  for (int round = 0; round < 20; ++round) {
    program one;
    program two;
    auto to_one = one.open(one.spawn(gate), node, {node});
    auto to_two = two.open(two.spawn(gate), node, {node});
    caf::strong_actor_ptr handle;
    std::thread other{[&] { handle = two.dial(to_one, node, node).handle; }};
    auto handle_of_two = one.dial(to_two, node, node).handle;
    other.join();

    REQUIRE(handle);
    REQUIRE(handle_of_two);
    for (auto [from, to] : {std::pair{&one, handle_of_two}, {&two, handle}}) {
      caf::scoped_actor self{from->system()};
      std::uint64_t taken = 0;
      self
        ->request(caf::actor_cast<gate_actor>(to), ages, atom::deliver_v,
                  std::uint64_t{1}, batch{0, {parcel{}}})
        .receive([&](std::uint64_t x) { taken = x; },
                 [](const caf::error&) {});
      CHECK(taken == 1);
    }
  }
}

TEST_CASE("frames up to the limit pass, also when they come in a row") {
  program here;
  program there;
  auto url = there.open(there.spawn(gate), node, {node});
  auto whom = here.reach<gate_actor>(url, node, node);
  batch large;
  large.parcels.resize(1);
  large.parcels[0].content.payload.assign(limits::part, 'x');
  batch small;
  small.parcels.resize(64);

  caf::scoped_actor self{here.system()};
  std::uint64_t taken = 0;
  for (int i = 0; i < 10; ++i) {
    caf::anon_send(whom, atom::deliver_v, std::uint64_t{1}, large);
    caf::anon_send(whom, atom::deliver_v, std::uint64_t{1}, small);
  }
  self->request(whom, ages, atom::deliver_v, std::uint64_t{1}, small)
    .receive([&](std::uint64_t x) { taken = x; }, [](const caf::error&) {});

  CHECK(taken == 10 * 65 + 64);
  CHECK(there.statistics->refused_in_total() == 0);
}

TEST_CASE("a frame beyond the limit ends the connection") {
  program here;
  program there;
  auto url = there.open(there.spawn(gate), node, {node});
  auto whom = here.dial(url, node, node).handle;
  watcher watch{here, whom};
  batch large;
  large.parcels.resize(1);
  large.parcels[0].content.payload.assign(limits::frame, 'x');

  caf::anon_send(caf::actor_cast<gate_actor>(whom), atom::deliver_v,
                 std::uint64_t{1}, large);

  CHECK(watch.end() != "alive");
  CHECK(there.statistics->refused_for(refusal::too_large) == 1);
}

TEST_CASE("who says what its role may not say is hung up on") {
  program here;
  program there;
  auto url = there.open(there.spawn(library), controller, {client});
  auto whom = here.dial(url, client, controller).handle;
  REQUIRE(whom);
  watcher watch{here, whom};

  caf::anon_send(caf::actor_cast<library_actor>(whom), atom::fetch_v,
                 code_id{"known"}, std::uint64_t{0});

  CHECK(watch.end() != "alive");
  CHECK(there.statistics->refused_for(refusal::not_admitted) == 1);
}

TEST_CASE("nobody is reached from outside but the actors behind doors") {
  program here;
  program there;
  auto url = there.open(there.spawn(library), orchestrator, {node});
  auto hidden = there.spawn(library);
  there.system().registry().put(hidden->id(),
                                caf::actor_cast<caf::strong_actor_ptr>(hidden));
  auto whom = here.dial(url, node, orchestrator).handle;
  watcher watch{here, whom};

  auto guessed = handle_of(here, there.system().node(), hidden->id());
  caf::anon_send(caf::actor_cast<library_actor>(guessed), atom::fetch_v,
                 code_id{"known"}, std::uint64_t{0});

  CHECK(watch.end() != "alive");
  CHECK(there.statistics->refused_for(refusal::wrong_receiver) == 1);
}

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
  here.net->dial(silent, node, orchestrator, whom);
  here.net->dial(good, node, orchestrator, whom);

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
  auto url = here.open(here.spawn(gate), node, {node});

  auto result = here.dial(url, node, node);

  CHECK(!result.handle);
  CHECK(here.statistics->refused_for(refusal::own_node) > 0);
}

TEST_CASE("what is no URL, or asks for TLS, is not dialled") {
  program here;
  CHECK(here.dial("orchestrator", node, orchestrator).reason
        == explain(parse_url("orchestrator").error()));
  CHECK(here.dial("https://127.0.0.1:1", node, orchestrator).reason
        == "https://127.0.0.1: only http is spoken here");
}

TEST_CASE("a dial that is under way when the wire closes is called off") {
  auto settings = program::quick();
  settings.dial = ages;
  program here{settings};
  socket_handle socket;
  auto url = silent_url(socket);
  caf::scoped_actor waiting{here.system()};
  here.net->dial(url, node, orchestrator,
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
  auto door = here.spawn(gate);
  here.open(door, node, {node});
  auto port = here.doors.back()->port();

  auto second = here.open(door, node, {node}, port);

  CHECK(second
        == "cannot listen at 127.0.0.1:" + std::to_string(port)
             + ": address already in use");
}

TEST_CASE("a door can be reached by name, by IPv6, and at all addresses") {
  program here;
  program there;
  auto door = caf::actor_cast<caf::strong_actor_ptr>(there.spawn(gate));
  for (auto [listen, dial] :
       {std::pair{"localhost", "localhost"}, {"::1", "[::1]"},
        {"0.0.0.0", "127.0.0.1"}, {"::", "127.0.0.1"}}) {
    auto opened = there.net->listen({"http", listen, 0}, door, node, {node});
    REQUIRE(opened);
    there.doors.push_back(std::move(*opened));
    auto result = here.dial("http://" + std::string{dial} + ":"
                              + std::to_string(there.doors.back()->port()),
                            node, node);
    CHECK(result.reason == "");
  }
}

TEST_CASE("a closed door lets nobody in, and whoever is in may stay") {
  program here;
  program there;
  auto url = there.open(there.spawn(library), orchestrator, {node});
  auto whom = here.reach<library_actor>(url, node, orchestrator);

  there.doors.clear();

  program late;
  CHECK(eventually([&] { return !late.dial(url, node, orchestrator).handle; }));
  CHECK(fetch(here, whom, "known") == "xxxxxxxxxx");
}

} // namespace edgeless
