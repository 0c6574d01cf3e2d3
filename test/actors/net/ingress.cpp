// SPDX-License-Identifier: MIT
#include "actors/net/ingress.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct ingress_fixture : actor_fixture {
  ingress_fixture()
    : registry{std::make_shared<instance_registry>(any<node_id>())},
      peer{any<node_id>()}, session{any<session_id>()}, target{
                                                          any<physical_id>()} {
    auto egress = spawn_double<egress_actor>(
      [this](atom::deliver, const instance_id& to, const events& x) {
        answers.insert(answers.end(), x.begin(), x.end());
        answer_target = to;
      });
    receiver = keep(ingress_actor{system.spawn(ingress, registry, egress)});
    auto sink
      = spawn_double<sink_actor>([this](atom::deliver, const events& x) {
          for (auto& y : x)
            received.push_back(y.payload);
        });
    registry->add(
      target, {sink, std::make_shared<credit>(100, limits::inbox_bytes), {}});
  }

  caf::expected<std::uint64_t> greet() {
    return ask<std::uint64_t>(
      receiver, atom::greet_v,
      greeting{1, peer, session, "http://peer:7002", registry->self});
  }

  fragment fragment_of(std::string payload, bool more = false) {
    return {target, more,
            cast_of({peer, any<physical_id>()}, std::move(payload))};
  }

  caf::expected<std::uint64_t> send(std::uint64_t first,
                                    std::vector<fragment> fragments) {
    return ask<std::uint64_t>(receiver, atom::deliver_v, std::uint64_t{1},
                              batch{first, std::move(fragments)});
  }

  void fence() {
    tell(receiver, atom::fence_v, fenced_sessions{{peer, session}});
  }

  std::uint64_t dropped(drop_reason why) {
    return registry->counts.dropped(why);
  }

  instance_registry_ptr registry;
  node_id peer;
  session_id session;
  physical_id target;
  ingress_actor receiver;
  std::vector<std::string> received;
  events answers;
  instance_id answer_target;
};

using strings = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(ingress_fixture,
                  "ingress: delivers the events of a peer that has greeted") {
  REQUIRE(greet());

  auto wanted = send(1, {fragment_of("a"), fragment_of("b")});

  CHECK(wanted == std::uint64_t{3});
  CHECK(received == strings{"a", "b"});
}

TEST_CASE_FIXTURE(ingress_fixture,
                  "ingress: refuses batches without a greeting") {
  auto wanted = send(1, {fragment_of("a")});

  CHECK(!wanted);
  CHECK(received.empty());
}

TEST_CASE_FIXTURE(ingress_fixture,
                  "ingress: refuses a greeting for another node") {
  auto mistaken = ask<std::uint64_t>(
    receiver, atom::greet_v,
    greeting{1, peer, session, "http://peer:7002", any<node_id>()});

  REQUIRE(!mistaken);
  CHECK(mistaken.error() == ec::unreachable);
}

TEST_CASE_FIXTURE(ingress_fixture,
                  "ingress: delivers retransmitted events once") {
  REQUIRE(greet());
  send(1, {fragment_of("a"), fragment_of("b")});

  auto wanted = send(1, {fragment_of("a"), fragment_of("b"), fragment_of("c")});

  CHECK(wanted == std::uint64_t{4});
  CHECK(received == strings{"a", "b", "c"});
}

TEST_CASE_FIXTURE(ingress_fixture,
                  "ingress: does not accept a batch behind a gap") {
  REQUIRE(greet());
  send(1, {fragment_of("a")});

  auto wanted = send(3, {fragment_of("c")});

  CHECK(wanted == std::uint64_t{2});
  CHECK(received == strings{"a"});
}

TEST_CASE_FIXTURE(
  ingress_fixture,
  "ingress: answers a second greeting with the number expected next") {
  REQUIRE(greet());
  send(1, {fragment_of("a"), fragment_of("b")});

  CHECK(greet() == std::uint64_t{3});
}

TEST_CASE_FIXTURE(
  ingress_fixture,
  "ingress: drops events with the source node of another peer") {
  REQUIRE(greet());
  auto lie = fragment_of("a");
  lie.content.source.node = any<node_id>();

  auto wanted = send(1, {lie, fragment_of("b")});

  CHECK(wanted == std::uint64_t{3});
  CHECK(received == strings{"b"});
  CHECK(dropped(drop_reason::fenced) == 1);
}

TEST_CASE_FIXTURE(ingress_fixture, "ingress: joins the parts of an event") {
  REQUIRE(greet());

  send(1, {fragment_of("one ", true), fragment_of("and ", true)});
  send(3, {fragment_of("one"), fragment_of("next")});

  CHECK(received == strings{"one and one", "next"});
}

TEST_CASE_FIXTURE(
  ingress_fixture,
  "ingress: counts parts beyond the payload limit as one dropped event") {
  REQUIRE(greet());
  std::string part(limits::payload / 2, 'x');

  send(1, {fragment_of(part, true), fragment_of(part, true),
           fragment_of("!", true), fragment_of("the rest")});
  send(5, {fragment_of("next")});

  CHECK(received == strings{"next"});
  CHECK(dropped(drop_reason::too_large) == 1);
}

TEST_CASE_FIXTURE(ingress_fixture,
                  "ingress: refuses the greeting of a fenced session") {
  fence();

  auto refused = greet();

  REQUIRE(!refused);
  CHECK(refused.error() == ec::lost_session);
}

TEST_CASE_FIXTURE(ingress_fixture,
                  "ingress: counts each event of a fenced session once") {
  REQUIRE(greet());
  fence();
  auto answer = fragment_of("answer");
  answer.content.kind = event_kind::reply;

  send(1, {fragment_of("a"), fragment_of("part", true), fragment_of("end"),
           answer});
  send(1, {fragment_of("a")});

  CHECK(received.empty());
  CHECK(dropped(drop_reason::fenced) == 2);
}

TEST_CASE_FIXTURE(ingress_fixture,
                  "ingress: accepts a new session of a fenced node") {
  REQUIRE(greet());
  fence();
  session = any<session_id>();
  REQUIRE(greet());

  send(1, {fragment_of("a")});

  CHECK(received == strings{"a"});
}

TEST_CASE_FIXTURE(
  ingress_fixture,
  "ingress: drops the whole event when one of its parts was refused") {
  REQUIRE(greet());
  fence();
  send(1, {fragment_of("one ", true)});
  session = any<session_id>();
  REQUIRE(greet());

  send(2, {fragment_of("half"), fragment_of("whole")});

  CHECK(received == strings{"whole"});
  CHECK(dropped(drop_reason::fenced) == 1);
}

TEST_CASE_FIXTURE(ingress_fixture,
                  "ingress: accepts a session that is not fenced") {
  tell(receiver, atom::fence_v, fenced_sessions{{peer, any<session_id>()}});

  CHECK(greet());
}

TEST_CASE_FIXTURE(
  ingress_fixture,
  "ingress: counts events for unknown instances and answers calls") {
  REQUIRE(greet());
  target = any<physical_id>();
  auto call = fragment_of("?");
  call.content.kind = event_kind::call;
  call.content.call = 7;

  send(1, {fragment_of("a"), call});

  CHECK(dropped(drop_reason::unknown_instance) == 2);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].kind == event_kind::error);
  CHECK(answers[0].call == 7);
  CHECK(answer_target == call.content.source);
}

TEST_CASE_FIXTURE(ingress_fixture, "ingress: delivers the event of a client") {
  auto done
    = ask<atom::ok>(receiver, atom::invoke_v, target, cast_of({}, "hello"));

  CHECK(done);
  CHECK(received == strings{"hello"});
  CHECK(registry->counts.sent() == 1);
}

TEST_CASE_FIXTURE(ingress_fixture,
                  "ingress: a client gets an error for an unknown instance") {
  auto done = ask<atom::ok>(receiver, atom::invoke_v, any<physical_id>(),
                            cast_of({}, "hello"));

  REQUIRE(!done);
  CHECK(done.error() == ec::unknown_instance);
  CHECK(registry->counts.sent() == 0);
}

// -- forwarded events ---------------------------------------------------------

TEST_CASE_FIXTURE(
  ingress_fixture,
  "ingress: accepts forwarded events from the predecessor's node") {
  REQUIRE(greet());
  registry->allow_forwarding(target, peer);
  auto x = fragment_of("a");
  x.content.source.node = any<node_id>();
  x.content.forwarded = true;

  send(1, {x});

  CHECK(received == strings{"a"});
}

TEST_CASE_FIXTURE(ingress_fixture,
                  "ingress: drops forwarded events from other nodes") {
  REQUIRE(greet());
  registry->allow_forwarding(target, any<node_id>());
  auto x = fragment_of("a");
  x.content.source.node = any<node_id>();
  x.content.forwarded = true;

  send(1, {x});

  CHECK(received.empty());
  CHECK(dropped(drop_reason::fenced) == 1);
}

TEST_CASE_FIXTURE(
  ingress_fixture,
  "ingress: drops events of third nodes that are not marked as forwarded") {
  REQUIRE(greet());
  registry->allow_forwarding(target, peer);
  auto x = fragment_of("a");
  x.content.source.node = any<node_id>();

  send(1, {x});

  CHECK(received.empty());
}

TEST_CASE_FIXTURE(
  ingress_fixture,
  "ingress: drops forwarded events after the forwarding period") {
  REQUIRE(greet());
  registry->allow_forwarding(target, peer);
  registry->allow_forwarding(target, {});
  auto x = fragment_of("a");
  x.content.source.node = any<node_id>();
  x.content.forwarded = true;

  send(1, {x});

  CHECK(received.empty());
}

TEST_CASE_FIXTURE(ingress_fixture,
                  "ingress: drops forwarded events from a fenced node") {
  REQUIRE(greet());
  registry->allow_forwarding(target, peer);
  fence();
  auto x = fragment_of("a");
  x.content.source.node = any<node_id>();
  x.content.forwarded = true;

  send(1, {x});

  CHECK(received.empty());
}
