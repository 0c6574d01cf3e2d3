// SPDX-License-Identifier: MIT
#include "actors/net/egress.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

using strings = std::vector<std::string>;

/// The links of one node, and a peer's ingress that writes down what it gets.
struct roads : actor_fixture {
  roads()
    : registry{std::make_shared<instance_registry>(any<node_id>())},
      net{std::make_shared<scripted_transport>()} {
    out = keep(egress_actor{
      system.spawn(egress, registry, net, random, "http://self:7002")});
    peer.node = any<node_id>();
    peer.session = any<session_id>();
    peer.instance = any<physical_id>();
    peer.invocation_url = "http://peer:7002";
  }

  /// Takes everything from `wanted` on.
  ingress_actor sound_gate(std::uint64_t wanted = 0) {
    return spawn_double<ingress_actor>(
      [this, wanted](atom::greet, const greeting& x) {
        greetings.push_back(x);
        return wanted;
      },
      [this](atom::deliver, std::uint64_t, const batch& x) {
        firsts.push_back(x.first);
        for (auto& y : x.fragments)
          got.push_back(y.content.payload);
        return x.first + x.fragments.size();
      });
  }

  /// Gets everything, and never says so.
  ingress_actor mute_gate() {
    return spawn_double<ingress_actor>(
      [](atom::greet, const greeting&) { return std::uint64_t{0}; },
      [this](atom::deliver, std::uint64_t, const batch& x) {
        for (auto& y : x.fragments)
          swallowed.push_back(y.content.payload);
        return caf::delegated<std::uint64_t>{};
      });
  }

  void send(const std::string& payload) {
    registry->counts.count_sent(1);
    REQUIRE(registry->egress_credit(peer.node)->take(payload.size()));
    tell(out, atom::deliver_v, peer,
         events{cast_of({registry->self, any<physical_id>()}, payload)});
  }

  void found(const ingress_actor& ingress) {
    REQUIRE(!net->dials.empty());
    tell(out, atom::dialled_v, net->dials.back().where,
         caf::actor_cast<caf::strong_actor_ptr>(ingress), std::string{});
  }

  void not_found() {
    REQUIRE(!net->dials.empty());
    tell(out, atom::dialled_v, net->dials.back().where, caf::strong_actor_ptr{},
         std::string{"connection refused"});
  }

  void kill(const ingress_actor& ingress) {
    caf::anon_send_exit(ingress, caf::exit_reason::kill);
    run_until_idle();
  }

  std::uint64_t lost() {
    return registry->counts.dropped(drop_reason::peer_lost);
  }

  instance_registry_ptr registry;
  std::shared_ptr<scripted_transport> net;
  egress_actor out;
  endpoint peer;
  std::vector<greeting> greetings;
  std::vector<std::uint64_t> firsts;
  strings got;
  strings swallowed;
};

} // namespace

TEST_CASE_FIXTURE(roads, "a peer is dialled on first use, and once") {
  send("a");
  send("b");

  REQUIRE(net->dials.size() == 1);
  CHECK(net->dials[0].where == peer.invocation_url);
}

TEST_CASE_FIXTURE(roads, "a gate is greeted before it gets anything") {
  auto session = any<session_id>();
  tell(out, atom::join_v, session);
  send("a");

  found(sound_gate());

  REQUIRE(greetings.size() == 1);
  CHECK(greetings[0].node == registry->self);
  CHECK(greetings[0].session == session);
  CHECK(greetings[0].target == peer.node);
  CHECK(got == strings{"a"});
}

TEST_CASE_FIXTURE(roads, "what is taken gives its room back") {
  send("a");
  auto room = registry->egress_credit(peer.node);
  auto before = room->events();

  found(sound_gate());

  CHECK(before == 1);
  CHECK(room->events() == 0);
  CHECK(room->bytes() == 0);
}

TEST_CASE_FIXTURE(roads, "what waits goes in one batch") {
  send("a");
  send("b");
  send("c");

  found(sound_gate());

  CHECK(firsts == std::vector<std::uint64_t>{1});
  CHECK(got == strings{"a", "b", "c"});
}

TEST_CASE_FIXTURE(roads, "what was not taken is sent again") {
  send("a");
  auto broken = mute_gate();
  found(broken);
  send("b");

  kill(broken);
  run_for(300ms);
  found(sound_gate());

  CHECK(swallowed == strings{"a", "b"});
  CHECK(got == strings{"a", "b"});
}

TEST_CASE_FIXTURE(roads, "what was taken is not sent again") {
  send("a");
  auto broken = mute_gate();
  found(broken);
  send("b");

  kill(broken);
  run_for(300ms);
  found(sound_gate(2));

  CHECK(got == strings{"b"});
}

TEST_CASE_FIXTURE(roads, "a gate that takes nothing is a broken connection") {
  send("a");
  found(mute_gate());

  run_for(limits::local + 300ms);

  CHECK(net->dials.size() == 2);
}

TEST_CASE_FIXTURE(roads,
                  "who cannot be reached is dialled again, after a pause") {
  send("a");
  not_found();
  auto at_once = net->dials.size();

  run_for(300ms);

  CHECK(at_once == 1);
  CHECK(net->dials.size() == 2);
}

TEST_CASE_FIXTURE(roads, "who cannot be reached for long loses what waits") {
  send("a");
  not_found();

  run_for(limits::peer_reach_timeout + 1s);

  CHECK(lost() == 1);
  CHECK(registry->egress_credit(peer.node)->events() == 0);
}

TEST_CASE_FIXTURE(roads, "after a loss, another life of the link begins") {
  send("a");
  auto first = sound_gate();
  found(first);
  kill(first);
  send("lost");
  run_for(limits::peer_reach_timeout + 1s);

  send("b");
  run_for(300ms);
  found(sound_gate());

  CHECK(got == strings{"a", "b"});
  CHECK(greetings[0].link != greetings[1].link);
  CHECK(firsts.back() == 1);
}

TEST_CASE_FIXTURE(roads, "a fence drops what waits for that session") {
  send("a");

  tell(out, atom::fence_v, fenced_sessions{{peer.node, peer.session}});

  CHECK(lost() == 1);
}

TEST_CASE_FIXTURE(roads, "a fence of a former session touches nothing") {
  send("a");

  tell(out, atom::fence_v, fenced_sessions{{peer.node, any<session_id>()}});
  found(sound_gate());

  CHECK(lost() == 0);
  CHECK(got == strings{"a"});
}

TEST_CASE_FIXTURE(roads, "a call that is dropped fails at its caller") {
  event answer;
  auto caller = any<physical_id>();
  registry->add(caller, {spawn_double<sink_actor>([&](atom::deliver, const events& x) {
                           answer = x.front();
                         }),
                         std::make_shared<credit>(10, 100),
                         {}});
  auto call = cast_of({registry->self, caller}, "?");
  call.kind = event_kind::call;
  call.call = 7;
  REQUIRE(registry->egress_credit(peer.node)->take(1));
  tell(out, atom::deliver_v, peer, events{call});

  tell(out, atom::fence_v, fenced_sessions{{peer.node, peer.session}});

  CHECK(answer.kind == event_kind::error);
  CHECK(answer.call == 7);
}

TEST_CASE_FIXTURE(roads, "large events leave in parts") {
  std::string large(2 * limits::part + 5, 'x');
  send(large);

  found(sound_gate());

  REQUIRE(got.size() == 3);
  CHECK(got[0].size() == limits::part);
  CHECK(got[2].size() == 5);
  CHECK(registry->egress_credit(peer.node)->bytes() == 0);
  CHECK(registry->egress_credit(peer.node)->events() == 0);
}

TEST_CASE_FIXTURE(roads, "an idle link is hung up, and dialled when needed") {
  send("a");
  found(sound_gate());
  run_for(2 * limits::egress_idle);

  send("b");
  auto dials = net->dials.size();
  found(sound_gate());

  CHECK(dials == 2);
  CHECK(got == strings{"a", "b"});
  CHECK(greetings[0].link != greetings[1].link);
}

TEST_CASE_FIXTURE(roads, "a link in use is not hung up") {
  send("a");
  found(sound_gate());
  run_for(limits::egress_idle / 2);
  send("b");
  run_for(limits::egress_idle / 2 + 1s);

  send("c");

  CHECK(net->dials.size() == 1);
  CHECK(got == strings{"a", "b", "c"});
}

TEST_CASE_FIXTURE(roads, "a peer that moves while it is dialled is found") {
  send("a");
  peer.invocation_url = "http://elsewhere:7002";

  send("b");

  REQUIRE(net->dials.size() == 2);
  CHECK(net->dials[1].where == peer.invocation_url);
  found(sound_gate());
  CHECK(got == strings{"a", "b"});
}

TEST_CASE_FIXTURE(roads, "who has greeted us can be answered") {
  auto asker = any<node_id>();
  tell(out, atom::greet_v, asker, std::string{"http://asker:7002"});

  tell(out, atom::deliver_v, instance_id{asker, any<physical_id>()},
       events{make_error_reply({}, {})});

  REQUIRE(net->dials.size() == 1);
  CHECK(net->dials[0].where == "http://asker:7002");
}

TEST_CASE_FIXTURE(roads, "nobody knows where a stranger lives") {
  REQUIRE(registry->egress_credit(peer.node)->take(1));

  tell(out, atom::deliver_v, instance_id{peer.node, peer.instance},
       events{cast_of({registry->self, any<physical_id>()}, "a")});

  CHECK(net->dials.empty());
  CHECK(registry->counts.dropped(drop_reason::unknown_node) == 1);
  CHECK(registry->egress_credit(peer.node)->events() == 0);
}

TEST_CASE_FIXTURE(roads, "a new session is told to open peers") {
  send("a");
  found(sound_gate());
  auto session = any<session_id>();

  tell(out, atom::join_v, session);

  REQUIRE(greetings.size() == 2);
  CHECK(greetings[1].session == session);
  CHECK(greetings[1].link == greetings[0].link);
}

TEST_CASE_FIXTURE(roads,
                  "what a refused session has sent is counted as fenced") {
  send("a");

  found(spawn_double<ingress_actor>([](atom::greet, const greeting&) {
    return fail(ec::lost_session, "that session has ended");
  }));

  CHECK(registry->counts.dropped(drop_reason::fenced) == 1);
}

TEST_CASE_FIXTURE(roads, "who was refused begins anew in its next session") {
  send("a");
  auto first = sound_gate();
  found(first);
  kill(first);
  send("b");
  run_for(300ms);
  found(spawn_double<ingress_actor>([](atom::greet, const greeting&) {
    return fail(ec::lost_session, "that session has ended");
  }));

  send("c");
  run_for(300ms);
  found(sound_gate());

  CHECK(got == strings{"a", "c"});
  CHECK(greetings[0].link != greetings[1].link);
  CHECK(firsts.back() == 1);
}

TEST_CASE_FIXTURE(roads, "what is left when the links end is counted") {
  send("a");

  caf::anon_send_exit(out, caf::exit_reason::user_shutdown);
  run_until_idle();

  CHECK(lost() == 1);
}
