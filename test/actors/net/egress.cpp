// SPDX-License-Identifier: MIT
#include "actors/net/egress.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

using strings = std::vector<std::string>;

/// The egress of one node, and doubles of a peer's ingress that record what
/// they receive.
struct egress_fixture : actor_fixture {
  egress_fixture()
    : registry{std::make_shared<instance_registry>(any<node_id>())},
      net{std::make_shared<scripted_transport>()} {
    sender = keep(egress_actor{
      system.spawn(egress, registry, net, random, "http://self:7002")});
    peer.node = any<node_id>();
    peer.session = any<session_id>();
    peer.instance = any<physical_id>();
    peer.invocation_url = "http://peer:7002";
  }

  /// Expects fragment `wanted` next, and acknowledges everything.
  ingress_actor accepting_ingress(std::uint64_t wanted = 0) {
    return spawn_double<ingress_actor>(
      [this, wanted](atom::greet, const greeting& x) {
        greetings.push_back(x);
        return wanted;
      },
      [this](atom::deliver, std::uint64_t, const batch& x) {
        firsts.push_back(x.first);
        for (auto& y : x.fragments)
          received.push_back(y.content.payload);
        return x.first + x.fragments.size();
      });
  }

  /// Receives everything, and acknowledges nothing.
  ingress_actor silent_ingress() {
    return spawn_double<ingress_actor>(
      [](atom::greet, const greeting&) { return std::uint64_t{0}; },
      [this](atom::deliver, std::uint64_t, const batch& x) {
        for (auto& y : x.fragments)
          unacknowledged.push_back(y.content.payload);
        return caf::delegated<std::uint64_t>{};
      });
  }

  void send(const std::string& payload) {
    registry->counts.count_sent(1);
    REQUIRE(registry->egress_credit(peer.node)->take(payload.size()));
    tell(sender, atom::deliver_v, peer,
         events{cast_of({registry->self, any<physical_id>()}, payload)});
  }

  void connect(const ingress_actor& ingress) {
    REQUIRE(!net->dials.empty());
    tell(sender, atom::dialled_v, net->dials.back().where,
         caf::actor_cast<caf::strong_actor_ptr>(ingress), std::string{});
  }

  void refuse_dial() {
    REQUIRE(!net->dials.empty());
    tell(sender, atom::dialled_v, net->dials.back().where,
         caf::strong_actor_ptr{}, std::string{"connection refused"});
  }

  void kill(const ingress_actor& ingress) {
    caf::anon_send_exit(ingress, caf::exit_reason::kill);
    run_until_idle();
  }

  std::uint64_t peer_lost_drops() {
    return registry->counts.dropped(drop_reason::peer_lost);
  }

  instance_registry_ptr registry;
  std::shared_ptr<scripted_transport> net;
  egress_actor sender;
  endpoint peer;
  std::vector<greeting> greetings;
  std::vector<std::uint64_t> firsts;
  strings received;
  strings unacknowledged;
};

} // namespace

TEST_CASE_FIXTURE(egress_fixture,
                  "egress: dials a peer once, on its first event") {
  send("a");
  send("b");

  REQUIRE(net->dials.size() == 1);
  CHECK(net->dials[0].where == peer.invocation_url);
}

TEST_CASE_FIXTURE(egress_fixture,
                  "egress: greets the ingress before it sends events") {
  auto session = any<session_id>();
  tell(sender, atom::join_v, session);
  send("a");

  connect(accepting_ingress());

  REQUIRE(greetings.size() == 1);
  CHECK(greetings[0].node == registry->self);
  CHECK(greetings[0].session == session);
  CHECK(greetings[0].target == peer.node);
  CHECK(received == strings{"a"});
}

TEST_CASE_FIXTURE(egress_fixture,
                  "egress: acknowledged events give their credit back") {
  send("a");
  auto room = registry->egress_credit(peer.node);
  auto before = room->events();

  connect(accepting_ingress());

  CHECK(before == 1);
  CHECK(room->events() == 0);
  CHECK(room->bytes() == 0);
}

TEST_CASE_FIXTURE(egress_fixture, "egress: sends queued events in one batch") {
  send("a");
  send("b");
  send("c");

  connect(accepting_ingress());

  CHECK(firsts == std::vector<std::uint64_t>{1});
  CHECK(received == strings{"a", "b", "c"});
}

TEST_CASE_FIXTURE(
  egress_fixture,
  "egress: retransmits unacknowledged events after a reconnect") {
  send("a");
  auto broken = silent_ingress();
  connect(broken);
  send("b");

  kill(broken);
  run_for(300ms);
  connect(accepting_ingress());

  CHECK(unacknowledged == strings{"a", "b"});
  CHECK(received == strings{"a", "b"});
}

TEST_CASE_FIXTURE(
  egress_fixture,
  "egress: does not retransmit events that the peer has received") {
  send("a");
  auto broken = silent_ingress();
  connect(broken);
  send("b");

  kill(broken);
  run_for(300ms);
  connect(accepting_ingress(2));

  CHECK(received == strings{"b"});
}

TEST_CASE_FIXTURE(egress_fixture,
                  "egress: redials a peer that acknowledges nothing") {
  send("a");
  connect(silent_ingress());

  run_for(limits::local + 300ms);

  CHECK(net->dials.size() == 2);
}

TEST_CASE_FIXTURE(egress_fixture,
                  "egress: redials an unreachable peer after a pause") {
  send("a");
  refuse_dial();
  auto at_once = net->dials.size();

  run_for(300ms);

  CHECK(at_once == 1);
  CHECK(net->dials.size() == 2);
}

TEST_CASE_FIXTURE(egress_fixture,
                  "egress: drops the events of a peer that stays unreachable") {
  send("a");
  refuse_dial();

  run_for(limits::peer_reach_timeout + 1s);

  CHECK(peer_lost_drops() == 1);
  CHECK(registry->egress_credit(peer.node)->events() == 0);
}

TEST_CASE_FIXTURE(egress_fixture,
                  "egress: numbers start again under a new id after a drop") {
  send("a");
  auto first = accepting_ingress();
  connect(first);
  kill(first);
  send("lost");
  run_for(limits::peer_reach_timeout + 1s);

  send("b");
  run_for(300ms);
  connect(accepting_ingress());

  CHECK(received == strings{"a", "b"});
  CHECK(greetings[0].link != greetings[1].link);
  CHECK(firsts.back() == 1);
}

TEST_CASE_FIXTURE(egress_fixture,
                  "egress: fencing drops the events for the fenced session") {
  send("a");

  tell(sender, atom::fence_v, fenced_sessions{{peer.node, peer.session}});

  CHECK(peer_lost_drops() == 1);
}

TEST_CASE_FIXTURE(egress_fixture,
                  "egress: fencing an earlier session drops nothing") {
  send("a");

  tell(sender, atom::fence_v, fenced_sessions{{peer.node, any<session_id>()}});
  connect(accepting_ingress());

  CHECK(peer_lost_drops() == 0);
  CHECK(received == strings{"a"});
}

TEST_CASE_FIXTURE(egress_fixture,
                  "egress: a dropped call gets an error reply") {
  event answer;
  auto caller = any<physical_id>();
  registry->add(caller,
                {spawn_double<sink_actor>(
                   [&](atom::deliver, const events& x) { answer = x.front(); }),
                 std::make_shared<credit>(10, 100),
                 {}});
  auto call = cast_of({registry->self, caller}, "?");
  call.kind = event_kind::call;
  call.call = 7;
  REQUIRE(registry->egress_credit(peer.node)->take(1));
  tell(sender, atom::deliver_v, peer, events{call});

  tell(sender, atom::fence_v, fenced_sessions{{peer.node, peer.session}});

  CHECK(answer.kind == event_kind::error);
  CHECK(answer.call == 7);
}

TEST_CASE_FIXTURE(egress_fixture, "egress: sends a large event in parts") {
  std::string large(2 * limits::part + 5, 'x');
  send(large);

  connect(accepting_ingress());

  REQUIRE(received.size() == 3);
  CHECK(received[0].size() == limits::part);
  CHECK(received[2].size() == 5);
  CHECK(registry->egress_credit(peer.node)->bytes() == 0);
  CHECK(registry->egress_credit(peer.node)->events() == 0);
}

TEST_CASE_FIXTURE(
  egress_fixture,
  "egress: closes an idle connection and redials on the next event") {
  send("a");
  connect(accepting_ingress());
  run_for(2 * limits::egress_idle);

  send("b");
  auto dials = net->dials.size();
  connect(accepting_ingress());

  CHECK(dials == 2);
  CHECK(received == strings{"a", "b"});
  CHECK(greetings[0].link != greetings[1].link);
}

TEST_CASE_FIXTURE(egress_fixture, "egress: keeps a connection that is in use") {
  send("a");
  connect(accepting_ingress());
  run_for(limits::egress_idle / 2);
  send("b");
  run_for(limits::egress_idle / 2 + 1s);

  send("c");

  CHECK(net->dials.size() == 1);
  CHECK(received == strings{"a", "b", "c"});
}

TEST_CASE_FIXTURE(
  egress_fixture,
  "egress: dials the new URL of a peer that moves during a dial") {
  send("a");
  peer.invocation_url = "http://elsewhere:7002";

  send("b");

  REQUIRE(net->dials.size() == 2);
  CHECK(net->dials[1].where == peer.invocation_url);
  connect(accepting_ingress());
  CHECK(received == strings{"a", "b"});
}

TEST_CASE_FIXTURE(egress_fixture,
                  "egress: sends answers to the URL of a greeting") {
  auto greeter = any<node_id>();
  tell(sender, atom::greet_v, greeter, std::string{"http://greeter:7002"});

  tell(sender, atom::deliver_v, instance_id{greeter, any<physical_id>()},
       events{make_error_reply({}, {}, call_progress::unknown)});

  REQUIRE(net->dials.size() == 1);
  CHECK(net->dials[0].where == "http://greeter:7002");
}

TEST_CASE_FIXTURE(egress_fixture,
                  "egress: drops events for a node without a known URL") {
  REQUIRE(registry->unrouted_credit->take(1));

  tell(sender, atom::deliver_v, instance_id{peer.node, peer.instance},
       events{cast_of({registry->self, any<physical_id>()}, "a")});

  CHECK(net->dials.empty());
  CHECK(registry->counts.dropped(drop_reason::unknown_node) == 1);
  CHECK(registry->unrouted_credit->events() == 0);
}

TEST_CASE_FIXTURE(egress_fixture,
                  "egress: events by instance id take the credit of a known "
                  "peer") {
  tell(sender, atom::greet_v, peer.node, peer.invocation_url);
  auto room = registry->egress_credit(peer.node);
  auto send_raw = [&](const std::string& payload) {
    REQUIRE(registry->unrouted_credit->take(payload.size()));
    tell(sender, atom::deliver_v, instance_id{peer.node, peer.instance},
         events{cast_of({registry->self, any<physical_id>()}, payload)});
  };

  send_raw("abc");

  CHECK(registry->unrouted_credit->events() == 0);
  CHECK(room->events() == 1);
  CHECK(room->bytes() == 3);
  REQUIRE(room->take(limits::egress_bytes - 3));
  send_raw("d");
  CHECK(registry->counts.dropped(drop_reason::egress_full) == 1);
  CHECK(registry->unrouted_credit->bytes() == 0);
  connect(accepting_ingress());
  CHECK(received == strings{"abc"});
}

TEST_CASE_FIXTURE(egress_fixture,
                  "egress: greets open peers with a new session") {
  send("a");
  connect(accepting_ingress());
  auto session = any<session_id>();

  tell(sender, atom::join_v, session);

  REQUIRE(greetings.size() == 2);
  CHECK(greetings[1].session == session);
  CHECK(greetings[1].link == greetings[0].link);
}

TEST_CASE_FIXTURE(egress_fixture,
                  "egress: counts the events of a refused session as fenced") {
  send("a");

  connect(spawn_double<ingress_actor>([](atom::greet, const greeting&) {
    return fail(ec::lost_session, "that session has ended");
  }));

  CHECK(registry->counts.dropped(drop_reason::fenced) == 1);
}

TEST_CASE_FIXTURE(
  egress_fixture,
  "egress: starts a new sequence after its session was refused") {
  send("a");
  auto first = accepting_ingress();
  connect(first);
  kill(first);
  send("b");
  run_for(300ms);
  connect(spawn_double<ingress_actor>([](atom::greet, const greeting&) {
    return fail(ec::lost_session, "that session has ended");
  }));

  send("c");
  run_for(300ms);
  connect(accepting_ingress());

  CHECK(received == strings{"a", "c"});
  CHECK(greetings[0].link != greetings[1].link);
  CHECK(firsts.back() == 1);
}

TEST_CASE_FIXTURE(egress_fixture,
                  "egress: counts the queued events as dropped when it ends") {
  send("a");

  caf::anon_send_exit(sender, caf::exit_reason::user_shutdown);
  run_until_idle();

  CHECK(peer_lost_drops() == 1);
}
