// SPDX-License-Identifier: MIT
#include "actors/net/ingress.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct porch : actor_fixture {
  porch()
    : registry{std::make_shared<instance_registry>(any<node_id>())},
      peer{any<node_id>()}, session{any<session_id>()}, target{
                                                          any<physical_id>()} {
    auto egress = spawn_double<egress_actor>(
      [this](atom::deliver, const instance_id& to, const events& x) {
        answers.insert(answers.end(), x.begin(), x.end());
        answered = to;
      });
    acceptor = keep(ingress_actor{system.spawn(ingress, registry, egress)});
    auto sink = spawn_double<sink_actor>([this](atom::deliver, const events& x) {
      for (auto& y : x)
        got.push_back(y.payload);
    });
    registry->add(
      target, {sink, std::make_shared<credit>(100, limits::inbox_bytes), {}});
  }

  caf::expected<std::uint64_t> greet() {
    return ask<std::uint64_t>(
      acceptor, atom::greet_v,
      greeting{1, peer, session, "http://peer:7002", registry->self});
  }

  fragment piece(std::string payload, bool more = false) {
    return {target, more,
            cast_of({peer, any<physical_id>()}, std::move(payload))};
  }

  caf::expected<std::uint64_t> send(std::uint64_t first,
                                    std::vector<fragment> fragments) {
    return ask<std::uint64_t>(acceptor, atom::deliver_v, std::uint64_t{1},
                              batch{first, std::move(fragments)});
  }

  void fence() {
    tell(acceptor, atom::fence_v, fenced_sessions{{peer, session}});
  }

  std::uint64_t dropped(drop_reason why) {
    return registry->counts.dropped(why);
  }

  instance_registry_ptr registry;
  node_id peer;
  session_id session;
  physical_id target;
  ingress_actor acceptor;
  std::vector<std::string> got;
  events answers;
  instance_id answered;
};

using strings = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(porch, "who has greeted is heard") {
  REQUIRE(greet());

  auto wanted = send(1, {piece("a"), piece("b")});

  CHECK(wanted == std::uint64_t{3});
  CHECK(got == strings{"a", "b"});
}

TEST_CASE_FIXTURE(porch, "who has not greeted is refused") {
  auto wanted = send(1, {piece("a")});

  CHECK(!wanted);
  CHECK(got.empty());
}

TEST_CASE_FIXTURE(porch, "who means another node is refused") {
  auto mistaken = ask<std::uint64_t>(
    acceptor, atom::greet_v,
    greeting{1, peer, session, "http://peer:7002", any<node_id>()});

  REQUIRE(!mistaken);
  CHECK(mistaken.error() == ec::unreachable);
}

TEST_CASE_FIXTURE(porch, "what is sent again is taken once") {
  REQUIRE(greet());
  send(1, {piece("a"), piece("b")});

  auto wanted = send(1, {piece("a"), piece("b"), piece("c")});

  CHECK(wanted == std::uint64_t{4});
  CHECK(got == strings{"a", "b", "c"});
}

TEST_CASE_FIXTURE(porch, "a gap is not taken") {
  REQUIRE(greet());
  send(1, {piece("a")});

  auto wanted = send(3, {piece("c")});

  CHECK(wanted == std::uint64_t{2});
  CHECK(got == strings{"a"});
}

TEST_CASE_FIXTURE(porch, "who greets again is told where to go on") {
  REQUIRE(greet());
  send(1, {piece("a"), piece("b")});

  CHECK(greet() == std::uint64_t{3});
}

TEST_CASE_FIXTURE(porch, "who speaks in the name of another is refused") {
  REQUIRE(greet());
  auto lie = piece("a");
  lie.content.source.node = any<node_id>();

  auto wanted = send(1, {lie, piece("b")});

  CHECK(wanted == std::uint64_t{3});
  CHECK(got == strings{"b"});
  CHECK(dropped(drop_reason::fenced) == 1);
}

TEST_CASE_FIXTURE(porch, "parts become one event") {
  REQUIRE(greet());

  send(1, {piece("one ", true), piece("and ", true)});
  send(3, {piece("one"), piece("next")});

  CHECK(got == strings{"one and one", "next"});
}

TEST_CASE_FIXTURE(porch, "parts that make too much are dropped as one") {
  REQUIRE(greet());
  std::string part(limits::payload / 2, 'x');

  send(1, {piece(part, true), piece(part, true), piece("!", true),
           piece("the rest")});
  send(5, {piece("next")});

  CHECK(got == strings{"next"});
  CHECK(dropped(drop_reason::too_large) == 1);
}

TEST_CASE_FIXTURE(porch, "a fenced session may not greet") {
  fence();

  auto refused = greet();

  REQUIRE(!refused);
  CHECK(refused.error() == ec::lost_session);
}

TEST_CASE_FIXTURE(porch, "what a fenced session sends is counted once each") {
  REQUIRE(greet());
  fence();
  auto answer = piece("answer");
  answer.content.kind = event_kind::reply;

  send(1, {piece("a"), piece("part", true), piece("end"), answer});
  send(1, {piece("a")});

  CHECK(got.empty());
  CHECK(dropped(drop_reason::fenced) == 2);
}

TEST_CASE_FIXTURE(porch, "a new session of a fenced node is heard") {
  REQUIRE(greet());
  fence();
  session = any<session_id>();
  REQUIRE(greet());

  send(1, {piece("a")});

  CHECK(got == strings{"a"});
}

TEST_CASE_FIXTURE(porch, "an event that was half refused is not half taken") {
  REQUIRE(greet());
  fence();
  send(1, {piece("one ", true)});
  session = any<session_id>();
  REQUIRE(greet());

  send(2, {piece("half"), piece("whole")});

  CHECK(got == strings{"whole"});
  CHECK(dropped(drop_reason::fenced) == 1);
}

TEST_CASE_FIXTURE(porch, "only the dead sessions are fenced") {
  tell(acceptor, atom::fence_v, fenced_sessions{{peer, any<session_id>()}});

  CHECK(greet());
}

TEST_CASE_FIXTURE(porch, "events for nobody are counted, calls answered") {
  REQUIRE(greet());
  target = any<physical_id>();
  auto call = piece("?");
  call.content.kind = event_kind::call;
  call.content.call = 7;

  send(1, {piece("a"), call});

  CHECK(dropped(drop_reason::unknown_instance) == 2);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].kind == event_kind::error);
  CHECK(answers[0].call == 7);
  CHECK(answered == call.content.source);
}

TEST_CASE_FIXTURE(porch, "a client may send an event to an instance") {
  auto done
    = ask<atom::ok>(acceptor, atom::invoke_v, target, cast_of({}, "hello"));

  CHECK(done);
  CHECK(got == strings{"hello"});
  CHECK(registry->counts.sent() == 1);
}

TEST_CASE_FIXTURE(porch, "a client is told that nobody lives here") {
  auto done = ask<atom::ok>(acceptor, atom::invoke_v, any<physical_id>(),
                            cast_of({}, "hello"));

  REQUIRE(!done);
  CHECK(done.error() == ec::unknown_instance);
  CHECK(registry->counts.sent() == 0);
}

// -- what is passed on --------------------------------------------------------

TEST_CASE_FIXTURE(porch,
                  "the predecessor's node may pass on what others sent") {
  REQUIRE(greet());
  registry->admit(target, peer);
  auto x = piece("a");
  x.content.source.node = any<node_id>();
  x.content.forwarded = true;

  send(1, {x});

  CHECK(got == strings{"a"});
}

TEST_CASE_FIXTURE(porch, "nobody else may pass on anything") {
  REQUIRE(greet());
  registry->admit(target, any<node_id>());
  auto x = piece("a");
  x.content.source.node = any<node_id>();
  x.content.forwarded = true;

  send(1, {x});

  CHECK(got.empty());
  CHECK(dropped(drop_reason::fenced) == 1);
}

TEST_CASE_FIXTURE(porch, "the predecessor's node may not pose as others") {
  REQUIRE(greet());
  registry->admit(target, peer);
  auto x = piece("a");
  x.content.source.node = any<node_id>();

  send(1, {x});

  CHECK(got.empty());
}

TEST_CASE_FIXTURE(porch,
                  "it may pass on to the successor alone, and for a time") {
  REQUIRE(greet());
  registry->admit(target, peer);
  registry->admit(target, {});
  auto x = piece("a");
  x.content.source.node = any<node_id>();
  x.content.forwarded = true;

  send(1, {x});

  CHECK(got.empty());
}

TEST_CASE_FIXTURE(porch, "a fenced predecessor's node is not heard") {
  REQUIRE(greet());
  registry->admit(target, peer);
  fence();
  auto x = piece("a");
  x.content.source.node = any<node_id>();
  x.content.forwarded = true;

  send(1, {x});

  CHECK(got.empty());
}
