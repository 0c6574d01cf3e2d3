// SPDX-License-Identifier: MIT
#include "actors/instance/inbox.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

using strings = std::vector<std::string>;

/// The inbox of one instance; what it passes on is written down.
struct desk : actor_fixture {
  desk()
    : registry{std::make_shared<instance_registry>(any<node_id>())},
      self_id{registry->self, any<physical_id>()},
      room{std::make_shared<credit>(1000, 1'000'000)},
      egress{spawn_double<egress_actor>(
        [this](atom::deliver, const endpoint&, const events& all) {
          for (auto& x : all) {
            passed.push_back(x.kind == event_kind::marker ? "|" : x.payload);
            CHECK(x.forwarded);
            CHECK(x.after == 0);
          }
        },
        [this](atom::deliver, const instance_id&, const events& all) {
          answers.insert(answers.end(), all.begin(), all.end());
        })},
      out{registry, egress, self_id, any<logical_id>(), clock()}, in{registry,
                                                                    room, out,
                                                                    self_id,
                                                                    clock()} {
    successor.node = any<node_id>();
    successor.instance = any<physical_id>();
    successor.invocation_url = "http://there:7002";
  }

  event cast(const instance_id& from, std::string payload) {
    room->take(payload.size());
    registry->counts.count_sent(1);
    return cast_of(from, std::move(payload));
  }

  event passed_on(event x) {
    x.forwarded = true;
    return x;
  }

  event marker(const instance_id& from, std::uint64_t mark) {
    auto x = cast_of(from, {});
    x.kind = event_kind::marker;
    x.call = mark;
    x.source_component = component;
    return x;
  }

  /// The first on a new way.
  event opener(const instance_id& from, std::uint64_t after) {
    auto x = marker(from, 0);
    x.after = after;
    return x;
  }

  /// What can be handled by now.
  strings ready() {
    strings result;
    for (; !in.empty(); in.pop()) {
      room->give_back(1, in.front().payload.size());
      result.push_back(in.front().payload);
    }
    return result;
  }

  void hand_over(std::uint32_t feeders = 1) {
    in.hand_over(successor, feeders);
    run_until_idle();
  }

  void pass_on() {
    in.pass_on();
    run_until_idle();
  }

  instance_registry_ptr registry;
  instance_id self_id;
  credit_ptr room;
  egress_actor egress;
  outbox out;
  inbox in;
  endpoint successor;
  logical_id component = any<logical_id>();
  instance_id a{any<node_id>(), any<physical_id>()};
  instance_id b{any<node_id>(), any<physical_id>()};
  strings passed;
  events answers;
};

} // namespace

// -- the order of each source -------------------------------------------------

TEST_CASE_FIXTURE(desk, "what comes is ready at once") {
  in.add(cast(a, "1"));
  in.add(cast(b, "2"));

  CHECK(ready() == strings{"1", "2"});
  CHECK(!in.holding());
}

TEST_CASE_FIXTURE(desk, "who opens a way waits for the end of the old one") {
  in.add(opener(a, 7));
  in.add(cast(a, "2"));
  in.add(passed_on(cast(a, "1")));
  auto before = ready();

  in.add(passed_on(marker(a, 7)));

  CHECK(before == strings{"1"});
  CHECK(ready() == strings{"2"});
  CHECK(!in.holding());
}

TEST_CASE_FIXTURE(desk, "others do not wait with it") {
  in.add(opener(a, 7));
  in.add(cast(a, "2"));

  in.add(cast(b, "x"));

  CHECK(ready() == strings{"x"});
}

TEST_CASE_FIXTURE(desk, "who comes after the barrier does not wait") {
  in.add(passed_on(marker(a, 7)));
  in.add(opener(a, 7));

  in.add(cast(a, "1"));

  CHECK(ready() == strings{"1"});
}

TEST_CASE_FIXTURE(desk, "another mark frees nobody") {
  in.add(opener(a, 7));
  in.add(cast(a, "1"));

  in.add(marker(b, 8));

  CHECK(ready().empty());
}

TEST_CASE_FIXTURE(desk, "a successor waits for the end of its predecessor") {
  in.add(opener(b, 7));
  in.add(cast(b, "2"));
  in.add(cast(a, "1"));
  in.add(marker(a, 7));

  CHECK(ready() == strings{"1", "2"});
}

TEST_CASE_FIXTURE(desk, "a source that moves on twice keeps its order") {
  // It opens a way, ends it at once, and opens it again behind another one.
  in.add(opener(a, 7));
  in.add(cast(a, "2"));
  in.add(marker(a, 8));
  in.add(opener(a, 9));
  in.add(cast(a, "3"));
  in.add(passed_on(cast(a, "1")));

  in.add(passed_on(marker(a, 7)));
  auto first = ready();
  in.add(passed_on(marker(a, 9)));

  CHECK(first == strings{"1", "2"});
  CHECK(ready() == strings{"3"});
}

TEST_CASE_FIXTURE(desk, "an end behind what waits frees who waits for it") {
  in.add(opener(b, 8));
  in.add(cast(b, "3"));
  in.add(opener(a, 7));
  in.add(cast(a, "2"));
  in.add(marker(a, 8));
  REQUIRE(ready().empty());

  in.add(marker(b, 7));
  in.add(passed_on(marker(a, 7)));

  CHECK(ready() == strings{"2", "3"});
}

TEST_CASE_FIXTURE(desk, "nobody waits for longer than a barrier may take") {
  in.add(opener(a, 7));
  in.add(cast(a, "1"));
  run_for(limits::marker - 1ms);
  in.expire();
  auto early = ready();
  run_for(1ms);

  in.expire();

  CHECK(early.empty());
  CHECK(ready() == strings{"1"});
  CHECK(!in.due());
}

TEST_CASE_FIXTURE(desk, "what waits keeps its room") {
  in.add(opener(a, 7));
  in.add(cast(a, "1"));

  CHECK(room->events() == 1);
}

TEST_CASE_FIXTURE(desk, "barriers that wait are bounded") {
  in.add(opener(a, 7));
  for (std::uint64_t i = 0; i < 2 * limits::markers; ++i)
    in.add(marker(a, 100 + i));
  in.add(cast(a, "1"));

  in.add(passed_on(marker(a, 7)));
  // The last ones have been forgotten, and nobody is held for the first ones.
  in.add(opener(b, 101));
  in.add(cast(b, "2"));

  CHECK(ready() == strings{"1", "2"});
}

TEST_CASE_FIXTURE(desk, "sources that are held are bounded") {
  for (std::size_t i = 0; i < limits::markers; ++i)
    in.add(opener({any<node_id>(), any<physical_id>()}, 7));

  in.add(opener(a, 7));
  in.add(cast(a, "1"));

  CHECK(ready() == strings{"1"});
}

// -- after a move -------------------------------------------------------------

TEST_CASE_FIXTURE(desk, "what waits goes to the successor, in order") {
  in.add(cast(a, "1"));
  in.add(cast(b, "2"));

  hand_over();
  in.add(cast(a, "3"));
  pass_on();

  CHECK(passed == strings{"1", "2", "3"});
  CHECK(room->events() == 0);
  CHECK(room->bytes() == 0);
}

TEST_CASE_FIXTURE(desk, "barriers that were seen follow what waits") {
  in.add(cast(a, "1"));
  in.add(marker(a, 7));
  in.add(cast(b, "2"));

  hand_over();

  CHECK(passed == strings{"1", "2", "|"});
}

TEST_CASE_FIXTURE(desk, "barriers are passed on where they stand") {
  hand_over(2);

  in.add(cast(a, "1"));
  in.add(marker(a, 7));
  in.add(cast(b, "2"));
  pass_on();

  CHECK(passed == strings{"1", "|", "2"});
}

TEST_CASE_FIXTURE(desk, "what is held is passed on when it may go") {
  in.add(opener(a, 7));
  in.add(cast(a, "2"));
  hand_over();
  auto early = passed;

  in.add(passed_on(cast(a, "1")));
  in.add(passed_on(marker(a, 7)));
  pass_on();

  CHECK(early.empty());
  CHECK(passed == strings{"1", "|", "2"});
}

TEST_CASE_FIXTURE(desk, "what it has sent to itself ends with it") {
  in.push(cast(self_id, "1"));

  hand_over();

  CHECK(passed.empty());
  CHECK(registry->counts.dropped(drop_reason::self_channel) == 1);
  CHECK(room->events() == 0);
}

TEST_CASE_FIXTURE(desk, "it is deserted when each feeder has switched") {
  hand_over(2);
  in.add(marker(a, switch_id_of(a.instance, successor.instance)));
  pass_on();
  auto one = in.deserted();
  component = any<logical_id>();

  in.add(marker(b, switch_id_of(b.instance, successor.instance)));
  pass_on();

  CHECK(!one);
  CHECK(in.deserted());
}

TEST_CASE_FIXTURE(desk, "a feeder that moves has not switched") {
  hand_over();

  in.add(marker(a, switch_id_of(a.instance, b.instance)));
  pass_on();

  CHECK(!in.deserted());
}

TEST_CASE_FIXTURE(desk, "it is not deserted while somebody is held") {
  in.add(opener(b, 7));
  hand_over(0);
  auto early = in.deserted();

  run_for(limits::marker);
  in.expire();

  CHECK(!early);
  CHECK(in.deserted());
}

TEST_CASE_FIXTURE(desk, "a call without room on the way on is an error") {
  auto link = registry->egress_credit(successor.node);
  REQUIRE(link->take(limits::egress_bytes));
  auto call = cast(a, "1");
  call.kind = event_kind::call;
  call.call = 7;
  in.add(call);

  hand_over();

  REQUIRE(answers.size() == 1);
  CHECK(answers[0].kind == event_kind::error);
  CHECK(answers[0].call == 7);
  CHECK(registry->counts.dropped(drop_reason::egress_full) == 1);
}

// -- the end ------------------------------------------------------------------

TEST_CASE_FIXTURE(desk, "at the end, what is ready or held is counted") {
  in.add(cast(a, "1"));
  in.add(opener(b, 7));
  in.add(cast(b, "2"));

  in.clear(drop_reason::stopped);

  CHECK(registry->counts.dropped(drop_reason::stopped) == 2);
  CHECK(room->events() == 0);
}

TEST_CASE_FIXTURE(desk, "after a move, even the last is passed on") {
  hand_over();
  in.add(opener(a, 7));
  in.add(cast(a, "1"));

  in.clear(drop_reason::stopped);
  run_until_idle();

  CHECK(passed == strings{"1"});
}
