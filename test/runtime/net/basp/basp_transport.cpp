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
  std::string end(std::chrono::milliseconds timeout = ages) {
    std::string result = "alive";
    self_->receive([&](caf::down_msg& x) { result = explain(x.reason); },
                   caf::after(timeout) >> [] {});
    return result;
  }

private:
  caf::scoped_actor self_;
};

} // namespace

TEST_CASE("a request is answered across the wire") {
  program here;
  program there;
  auto url = there.open(there.spawn(library), orchestrator, {node});

  auto whom = here.reach<module_source_actor>(url, node, orchestrator);

  REQUIRE(whom);
  CHECK(fetch(here, whom, "known") == "xxxxxxxxxx");
}

TEST_CASE("an error keeps its code and its sentence across the wire") {
  program here;
  program there;
  auto url = there.open(there.spawn(library), orchestrator, {node});

  auto whom = here.reach<module_source_actor>(url, node, orchestrator);

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
  auto acceptor = there.spawn(library);
  auto url = there.open(acceptor, orchestrator, {node});
  auto whom = here.dial(url, node, orchestrator).handle;
  REQUIRE(whom);
  watcher watch{here, whom};
  // Now the peer knows that its actor is watched.
  REQUIRE(fetch(here, caf::actor_cast<module_source_actor>(whom), "known")
          != "");

  caf::anon_send_exit(acceptor, caf::exit_reason::user_shutdown);

  CHECK(watch.end() == "user_shutdown");
}

TEST_CASE("after a restart on the same port a new dial gives a new handle") {
  program here;
  auto there = std::make_unique<program>();
  auto url = there->open(there->spawn(library), orchestrator, {node});
  auto port = there->acceptors.back()->port();
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
  CHECK(fetch(here, caf::actor_cast<module_source_actor>(fresh), "known")
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
  CHECK(fetch(here, caf::actor_cast<module_source_actor>(second), "known")
        == "xxxxxxxxxx");
  CHECK(watch.end(0ms) == "alive");
}

TEST_CASE("two nodes that dial each other at once both get through") {
  for (int round = 0; round < 20; ++round) {
    program one;
    program two;
    auto to_one = one.open(one.spawn(ingress), node, {node});
    auto to_two = two.open(two.spawn(ingress), node, {node});
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
        ->request(caf::actor_cast<ingress_actor>(to), ages, atom::deliver_v,
                  std::uint64_t{1}, batch{0, {fragment{}}})
        .receive([&](std::uint64_t x) { taken = x; }, [](const caf::error&) {});
      CHECK(taken == 1);
    }
  }
}

TEST_CASE("two nodes that have dialled each other may ask for ever") {
  program one;
  program two;
  auto to_one = one.open(one.spawn(ingress), node, {node});
  auto to_two = two.open(two.spawn(ingress), node, {node});
  auto there = one.reach<ingress_actor>(to_two, node, node);
  auto back = two.reach<ingress_actor>(to_one, node, node);

  // Answers take the way that CAF likes, not that of their request.
  for (auto [from, to] : {std::pair{&one, there}, {&two, back}}) {
    caf::scoped_actor self{from->system()};
    std::size_t answers = 0;
    for (std::size_t i = 0; i < 3 * limits::unanswered_requests; ++i)
      self
        ->request(to, ages, atom::deliver_v, std::uint64_t{1},
                  batch{0, {fragment{}}})
        .receive([&](std::uint64_t) { ++answers; }, [](const caf::error&) {});
    CHECK(answers == 3 * limits::unanswered_requests);
  }
  CHECK(one.statistics->refused_in_total() == 0);
  CHECK(two.statistics->refused_in_total() == 0);
}

TEST_CASE("frames up to the limit pass, also when they come in a row") {
  program here;
  program there;
  auto url = there.open(there.spawn(ingress), node, {node});
  auto whom = here.reach<ingress_actor>(url, node, node);
  batch large;
  large.fragments.resize(1);
  large.fragments[0].content.payload.assign(limits::part, 'x');
  batch small;
  small.fragments.resize(64);

  caf::scoped_actor self{here.system()};
  std::uint64_t taken = 0;
  for (int i = 0; i < 10; ++i) {
    self->request(whom, ages, atom::deliver_v, std::uint64_t{1}, large);
    self->request(whom, ages, atom::deliver_v, std::uint64_t{1}, small);
  }
  self->request(whom, ages, atom::deliver_v, std::uint64_t{1}, small)
    .receive([&](std::uint64_t x) { taken = x; }, [](const caf::error&) {});

  CHECK(taken == 10 * 65 + 64);
  CHECK(there.statistics->refused_in_total() == 0);
}

TEST_CASE("a frame beyond the limit ends the connection") {
  program here;
  program there;
  auto url = there.open(there.spawn(ingress), node, {node});
  auto whom = here.dial(url, node, node).handle;
  watcher watch{here, whom};
  batch large;
  large.fragments.resize(1);
  large.fragments[0].content.payload.assign(limits::frame, 'x');

  caf::anon_send(caf::actor_cast<ingress_actor>(whom), atom::deliver_v,
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

  caf::anon_send(caf::actor_cast<module_source_actor>(whom), atom::fetch_v,
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
  caf::anon_send(caf::actor_cast<module_source_actor>(guessed), atom::fetch_v,
                 code_id{"known"}, std::uint64_t{0});

  CHECK(watch.end() != "alive");
  CHECK(there.statistics->refused_for(refusal::wrong_receiver) == 1);
}

TEST_CASE("a system ends although its actors spoke until the last moment") {
  program there;
  auto url = there.open(there.spawn(library), orchestrator, {node});
  for (int i = 0; i < 60; ++i) {
    program here;
    auto whom = here.reach<module_source_actor>(url, node, orchestrator);
    REQUIRE(whom);
    // The peer hears of each, and wants to know when it ends: a moment before
    // the system does.
    for (int k = 0; k < 10; ++k)
      here.system().spawn<caf::detached>(
        [whom](caf::event_based_actor* self) -> caf::behavior {
          auto ask = [=](const code_id& code) {
            return self->request(whom, ages, atom::fetch_v, code,
                                 std::uint64_t{0});
          };
          ask("known").then([=](const code_part&) {
            ask("known").then([self](const code_part&) { self->quit(); });
          });
          return {[](atom::ok) { /* never */ }};
        });
  }
}

} // namespace edgeless
