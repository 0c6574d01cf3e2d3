// SPDX-License-Identifier: MIT
#include "runtime/net/basp/basp_transport.hpp"

#include "test/fixtures/transport_fixture.hpp"

#include "runtime/net/outstanding_requests.hpp"

#include <caf/forwarding_actor_proxy.hpp>
#include <caf/io/basp_broker.hpp>

#include <doctest/doctest.h>

namespace edgeless {

namespace {

using enum peer_role;

/// An orchestrator that accepts every join and requests the inventory of the
/// node before it responds.
caf::behavior host(caf::event_based_actor* self) {
  return {
    [self](atom::join, const node_description&, const node_actor& newcomer,
           boot_id, const inventory&) {
      auto answer = self->make_response_promise<welcome>();
      self->request(newcomer, test_timeout, atom::running_v)
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

/// A handle for a remote actor by its guessed id.
caf::strong_actor_ptr handle_of(program& from, const caf::node_id& node,
                                caf::actor_id id) {
  auto broker = from.system().middleman().named_broker<caf::io::basp_broker>(
    caf::atom("BASP"));
  caf::actor_config config;
  return caf::make_actor<caf::forwarding_actor_proxy, caf::strong_actor_ptr>(
    id, node, &from.system(), config, broker);
}

/// Monitors an actor.
class down_monitor {
public:
  down_monitor(program& from, const caf::strong_actor_ptr& remote)
    : self_(from.system()) {
    self_->monitor(caf::actor_cast<caf::actor_addr>(remote));
  }

  /// The reason of the down message; "alive" if there is none in time.
  std::string end(std::chrono::milliseconds timeout = test_timeout) {
    std::string result = "alive";
    self_->receive([&](caf::down_msg& x) { result = explain(x.reason); },
                   caf::after(timeout) >> [] {});
    return result;
  }

private:
  caf::scoped_actor self_;
};

} // namespace

TEST_CASE("basp transport: a remote request gets its response") {
  program here;
  program there;
  auto url = there.open(there.spawn(test_module_source), orchestrator, {node});

  auto remote = here.reach<module_source_actor>(url, node, orchestrator);

  REQUIRE(remote);
  CHECK(fetch(here, remote, "known") == "xxxxxxxxxx");
}

TEST_CASE("basp transport: an error response keeps its code and its text") {
  program here;
  program there;
  auto url = there.open(there.spawn(test_module_source), orchestrator, {node});

  auto remote = here.reach<module_source_actor>(url, node, orchestrator);

  REQUIRE(remote);
  CHECK(fetch(here, remote, "other") == "unknown_code: no module other");
}

TEST_CASE("basp transport: the orchestrator sends requests over the connection "
          "that a node opened") {
  program here;
  program there;
  auto url = there.open(there.spawn(host), orchestrator, {node});
  physical_id instance{1, 2};
  auto self = here.spawn([=](caf::event_based_actor*) -> caf::behavior {
    return {[=](atom::running) {
      return inventory{{{}, instance, {}, 0, 0}};
    }};
  });
  auto remote = here.reach<orchestrator_actor>(url, node, orchestrator);

  caf::scoped_actor asking{here.system()};
  physical_id named;
  std::string error;
  asking
    ->request(remote, test_timeout, atom::join_v, node_description{},
              caf::actor_cast<node_actor>(self), boot_id{}, inventory{})
    .receive([&](const welcome& x) { named = x.stop.at(0); },
             [&](const caf::error& x) { error = explain(x); });

  CHECK(error == "");
  CHECK(named == instance);
}

TEST_CASE(
  "basp transport: a monitor gets a down message when the peer process ends") {
  program here;
  auto there = std::make_unique<program>();
  auto url
    = there->open(there->spawn(test_module_source), orchestrator, {node});
  auto remote = here.dial(url, node, orchestrator).handle;
  REQUIRE(remote);
  down_monitor monitor{here, remote};

  there.reset();

  CHECK(monitor.end() != "alive");
}

TEST_CASE(
  "basp transport: a monitor gets a down message when the remote actor ends") {
  program here;
  program there;
  auto acceptor = there.spawn(test_module_source);
  auto url = there.open(acceptor, orchestrator, {node});
  auto remote = here.dial(url, node, orchestrator).handle;
  REQUIRE(remote);
  down_monitor monitor{here, remote};
  // By then the peer has processed the monitor message.
  REQUIRE(fetch(here, caf::actor_cast<module_source_actor>(remote), "known")
          != "");

  caf::anon_send_exit(acceptor, caf::exit_reason::user_shutdown);

  CHECK(monitor.end() == "user_shutdown");
}

TEST_CASE("basp transport: a dial after a restart on the same port returns a "
          "new handle") {
  program here;
  auto there = std::make_unique<program>();
  auto url
    = there->open(there->spawn(test_module_source), orchestrator, {node});
  auto port = there->acceptors.back()->port();
  auto old = here.dial(url, node, orchestrator).handle;
  down_monitor monitor{here, old};
  there.reset();
  REQUIRE(monitor.end() != "alive");

  there = std::make_unique<program>();
  REQUIRE(
    there->open(there->spawn(test_module_source), orchestrator, {node}, port)
    == url);
  auto fresh = here.dial(url, node, orchestrator).handle;

  REQUIRE(fresh);
  CHECK(fresh != old);
  CHECK(fetch(here, caf::actor_cast<module_source_actor>(fresh), "known")
        == "xxxxxxxxxx");
}

TEST_CASE(
  "basp transport: a second dial to the same peer returns the same handle") {
  program here;
  program there;
  auto url = there.open(there.spawn(test_module_source), orchestrator, {node});
  auto first = here.dial(url, node, orchestrator).handle;
  down_monitor monitor{here, first};

  auto second = here.dial(url, node, orchestrator).handle;

  CHECK(second == first);
  CHECK(fetch(here, caf::actor_cast<module_source_actor>(second), "known")
        == "xxxxxxxxxx");
  CHECK(monitor.end(0ms) == "alive");
}

TEST_CASE("basp transport: both of two simultaneous dials succeed") {
  for (int round = 0; round < 20; ++round) {
    program one;
    program two;
    auto to_one = one.open(one.spawn(test_ingress), node, {node});
    auto to_two = two.open(two.spawn(test_ingress), node, {node});
    caf::strong_actor_ptr handle;
    std::thread other{[&] {
      handle = two.dial(to_one, node, node).handle;
    }};
    auto handle_of_two = one.dial(to_two, node, node).handle;
    other.join();

    REQUIRE(handle);
    REQUIRE(handle_of_two);
    for (auto [from, to] : {std::pair{&one, handle_of_two}, {&two, handle}}) {
      caf::scoped_actor self{from->system()};
      std::uint64_t taken = 0;
      self
        ->request(caf::actor_cast<ingress_actor>(to), test_timeout,
                  atom::deliver_v, std::uint64_t{1}, batch{0, {fragment{}}})
        .receive([&](std::uint64_t x) { taken = x; }, [](const caf::error&) {});
      CHECK(taken == 1);
    }
  }
}

TEST_CASE("basp transport: two nodes with parallel connections do not exhaust "
          "the request limit") {
  program one;
  program two;
  auto to_one = one.open(one.spawn(test_ingress), node, {node});
  auto to_two = two.open(two.spawn(test_ingress), node, {node});
  auto there = one.reach<ingress_actor>(to_two, node, node);
  auto back = two.reach<ingress_actor>(to_one, node, node);

  // CAF chooses the connection of a response; it may not be the request's.
  for (auto [from, to] : {std::pair{&one, there}, {&two, back}}) {
    caf::scoped_actor self{from->system()};
    std::size_t answers = 0;
    for (std::size_t i = 0; i < 3 * limits::unanswered_requests; ++i)
      self
        ->request(to, test_timeout, atom::deliver_v, std::uint64_t{1},
                  batch{0, {fragment{}}})
        .receive([&](std::uint64_t) { ++answers; }, [](const caf::error&) {});
    CHECK(answers == 3 * limits::unanswered_requests);
  }
  CHECK(one.statistics->refused_in_total() == 0);
  CHECK(two.statistics->refused_in_total() == 0);
}

TEST_CASE("basp transport: frames up to limits::frame pass back to back") {
  program here;
  program there;
  auto url = there.open(there.spawn(test_ingress), node, {node});
  auto remote = here.reach<ingress_actor>(url, node, node);
  batch large;
  large.fragments.resize(1);
  large.fragments[0].content.payload.assign(limits::part, 'x');
  batch small;
  small.fragments.resize(64);

  caf::scoped_actor self{here.system()};
  std::uint64_t taken = 0;
  for (int i = 0; i < 10; ++i) {
    self->request(remote, test_timeout, atom::deliver_v, std::uint64_t{1},
                  large);
    self->request(remote, test_timeout, atom::deliver_v, std::uint64_t{1},
                  small);
  }
  self->request(remote, test_timeout, atom::deliver_v, std::uint64_t{1}, small)
    .receive([&](std::uint64_t x) { taken = x; }, [](const caf::error&) {});

  CHECK(taken == 10 * 65 + 64);
  CHECK(there.statistics->refused_in_total() == 0);
}

TEST_CASE("basp transport: a message that the role may not send closes the "
          "connection") {
  program here;
  program there;
  auto url = there.open(there.spawn(test_module_source), controller, {client});
  auto remote = here.dial(url, client, controller).handle;
  REQUIRE(remote);
  down_monitor monitor{here, remote};

  caf::anon_send(caf::actor_cast<module_source_actor>(remote), atom::fetch_v,
                 code_id{"known"}, std::uint64_t{0});

  CHECK(monitor.end() != "alive");
  CHECK(there.statistics->refused_for(refusal::not_admitted) == 1);
}

TEST_CASE("basp transport: only published actors are reachable") {
  program here;
  program there;
  auto url = there.open(there.spawn(test_module_source), orchestrator, {node});
  auto hidden = there.spawn(test_module_source);
  there.system().registry().put(hidden->id(),
                                caf::actor_cast<caf::strong_actor_ptr>(hidden));
  auto remote = here.dial(url, node, orchestrator).handle;
  down_monitor monitor{here, remote};

  auto guessed = handle_of(here, there.system().node(), hidden->id());
  caf::anon_send(caf::actor_cast<module_source_actor>(guessed), atom::fetch_v,
                 code_id{"known"}, std::uint64_t{0});

  CHECK(monitor.end() != "alive");
  CHECK(there.statistics->refused_for(refusal::wrong_receiver) == 1);
}

TEST_CASE("basp transport: an actor system ends although its actors send until "
          "the end") {
  program there;
  auto url = there.open(there.spawn(test_module_source), orchestrator, {node});
  for (int i = 0; i < 60; ++i) {
    program here;
    auto remote = here.reach<module_source_actor>(url, node, orchestrator);
    REQUIRE(remote);
    // The peer monitors each of these actors, which end right before the
    // actor system does.
    for (int k = 0; k < 10; ++k)
      here.system().spawn<caf::detached>(
        [remote](caf::event_based_actor* self) -> caf::behavior {
          auto ask = [=](const code_id& code) {
            return self->request(remote, test_timeout, atom::fetch_v, code,
                                 std::uint64_t{0});
          };
          ask("known").then([=](const code_part&) {
            ask("known").then([self](const code_part&) { self->quit(); });
          });
          return {[](atom::ok) { /* never */ }};
        });
  }
}

TEST_CASE("basp transport: what is larger than a frame fails with a sentence, "
          "and the connection stays") {
  program here;
  program there;
  auto url
    = there.open(there.spawn([](caf::event_based_actor*) -> caf::behavior {
        return {[](atom::fetch, const code_id& x, std::uint64_t size) {
          return code_part{x, 0, 0, std::string(size, 'x')};
        }};
      }),
                 orchestrator, {node});
  auto remote = here.reach<module_source_actor>(url, node, orchestrator);
  REQUIRE(remote);
  caf::scoped_actor asking{here.system()};
  auto fetch = [&](const code_id& code, std::uint64_t size) {
    std::string result;
    asking->request(remote, test_timeout, atom::fetch_v, code, size)
      .receive([&](code_part& x) { result = std::to_string(x.bytes.size()); },
               [&](const caf::error& x) { result = explain(x); });
    return result;
  };
  auto begins = "the message is too large: it has 2097";

  CHECK(fetch("response", limits::frame).starts_with(begins));
  CHECK(there.statistics->not_sent == 1);
  CHECK(fetch(std::string(limits::frame, 'x'), 1).starts_with(begins));
  CHECK(here.statistics->not_sent == 1);
  CHECK(fetch("again", limits::part) == std::to_string(limits::part));
  CHECK(there.statistics->refused_in_total() == 0);
}

} // namespace edgeless
