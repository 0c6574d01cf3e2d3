// SPDX-License-Identifier: MIT
#include "actors/instance/inbox.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

using strings = std::vector<std::string>;

/// The inbox of one instance. Events that it forwards to the successor are
/// recorded in `sent_on`, replies in `answers`.
struct inbox_fixture : actor_fixture {
  inbox_fixture()
    : registry{std::make_shared<instance_registry>(any<node_id>())},
      self_id{registry->self, any<physical_id>()},
      room{std::make_shared<credit>(1000, 1'000'000)},
      egress_mock{spawn_double<egress_actor>(
        [this](atom::deliver, const endpoint&, const events& all) {
          for (auto& x : all) {
            sent_on.push_back(x.kind == event_kind::marker ? "|" : x.payload);
            CHECK(x.forwarded);
            CHECK(x.after == 0);
          }
        },
        [this](atom::deliver, const instance_id&, const events& all) {
          answers.insert(answers.end(), all.begin(), all.end());
        })},
      sender{registry, egress_mock, self_id, any<logical_id>()}, in{room,
                                                                    sender,
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

  event forwarded(event x) {
    x.forwarded = true;
    return x;
  }

  event marker(const instance_id& from, std::uint64_t switch_id) {
    auto x = cast_of(from, {});
    x.kind = event_kind::marker;
    x.call = switch_id;
    x.source_component = component;
    return x;
  }

  /// The marker that opens a route.
  event opener(const instance_id& from, std::uint64_t after) {
    auto x = marker(from, 0);
    x.after = after;
    return x;
  }

  /// Pops all events that are ready, and returns their payloads.
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

  void forward() {
    in.forward();
    run_until_idle();
  }

  instance_registry_ptr registry;
  instance_id self_id;
  credit_ptr room;
  egress_actor egress_mock;
  event_sender sender;
  inbox in;
  endpoint successor;
  logical_id component = any<logical_id>();
  instance_id a{any<node_id>(), any<physical_id>()};
  instance_id b{any<node_id>(), any<physical_id>()};
  strings sent_on;
  events answers;
};

} // namespace

// -- order per source ---------------------------------------------------------

TEST_CASE_FIXTURE(inbox_fixture, "inbox: events are ready at once") {
  in.add(cast(a, "1"));
  in.add(cast(b, "2"));

  CHECK(ready() == strings{"1", "2"});
  CHECK(!in.is_holding());
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: holds a new route until the old one has ended") {
  in.add(opener(a, 7));
  in.add(cast(a, "2"));
  in.add(forwarded(cast(a, "1")));
  auto before = ready();

  in.add(forwarded(marker(a, 7)));

  CHECK(before == strings{"1"});
  CHECK(ready() == strings{"2"});
  CHECK(!in.is_holding());
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: a held source does not delay other sources") {
  in.add(opener(a, 7));
  in.add(cast(a, "2"));

  in.add(cast(b, "x"));

  CHECK(ready() == strings{"x"});
}

TEST_CASE_FIXTURE(
  inbox_fixture,
  "inbox: a route opened after its marker was seen is not held") {
  in.add(forwarded(marker(a, 7)));
  in.add(opener(a, 7));

  in.add(cast(a, "1"));

  CHECK(ready() == strings{"1"});
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: a marker with another switch id releases nothing") {
  in.add(opener(a, 7));
  in.add(cast(a, "1"));

  in.add(marker(b, 8));

  CHECK(ready().empty());
}

TEST_CASE_FIXTURE(
  inbox_fixture,
  "inbox: holds a successor until its predecessor's route has ended") {
  in.add(opener(b, 7));
  in.add(cast(b, "2"));
  in.add(cast(a, "1"));
  in.add(marker(a, 7));

  CHECK(ready() == strings{"1", "2"});
}

TEST_CASE_FIXTURE(
  inbox_fixture, "inbox: a source that switches routes twice keeps its order") {
  // The source opens a route, ends it at once, and opens it again after
  // another switch.
  in.add(opener(a, 7));
  in.add(cast(a, "2"));
  in.add(marker(a, 8));
  in.add(opener(a, 9));
  in.add(cast(a, "3"));
  in.add(forwarded(cast(a, "1")));

  in.add(forwarded(marker(a, 7)));
  auto first = ready();
  in.add(forwarded(marker(a, 9)));

  CHECK(first == strings{"1", "2"});
  CHECK(ready() == strings{"3"});
}

TEST_CASE_FIXTURE(
  inbox_fixture,
  "inbox: a marker inside a hold-back queue releases its waiters") {
  in.add(opener(b, 8));
  in.add(cast(b, "3"));
  in.add(opener(a, 7));
  in.add(cast(a, "2"));
  in.add(marker(a, 8));
  REQUIRE(ready().empty());

  in.add(marker(b, 7));
  in.add(forwarded(marker(a, 7)));

  CHECK(ready() == strings{"2", "3"});
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: a hold-back queue is released after limits::marker") {
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

TEST_CASE_FIXTURE(inbox_fixture, "inbox: held events keep their credit") {
  in.add(opener(a, 7));
  in.add(cast(a, "1"));

  CHECK(room->events() == 1);
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: the number of held markers is bounded") {
  in.add(opener(a, 7));
  for (std::uint64_t i = 0; i < 2 * limits::markers; ++i)
    in.add(marker(a, 100 + i));
  in.add(cast(a, "1"));

  in.add(forwarded(marker(a, 7)));
  // The last markers were dropped; the first ones were seen, so that a route
  // that opens after one of them is not held.
  in.add(opener(b, 101));
  in.add(cast(b, "2"));

  CHECK(ready() == strings{"1", "2"});
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: the number of hold-back queues is bounded") {
  for (std::size_t i = 0; i < limits::markers; ++i)
    in.add(opener({any<node_id>(), any<physical_id>()}, 7));

  in.add(opener(a, 7));
  in.add(cast(a, "1"));

  CHECK(ready() == strings{"1"});
}

// -- hand-over to a successor -------------------------------------------------

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: forwards waiting events to the successor in order") {
  in.add(cast(a, "1"));
  in.add(cast(b, "2"));

  hand_over();
  in.add(cast(a, "3"));
  forward();

  CHECK(sent_on == strings{"1", "2", "3"});
  CHECK(room->events() == 0);
  CHECK(room->bytes() == 0);
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: forwards seen markers behind the waiting events") {
  in.add(cast(a, "1"));
  in.add(marker(a, 7));
  in.add(cast(b, "2"));

  hand_over();

  CHECK(sent_on == strings{"1", "2", "|"});
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: forwards markers at their place in the order") {
  hand_over(2);

  in.add(cast(a, "1"));
  in.add(marker(a, 7));
  in.add(cast(b, "2"));
  forward();

  CHECK(sent_on == strings{"1", "|", "2"});
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: forwards held events once they are released") {
  in.add(opener(a, 7));
  in.add(cast(a, "2"));
  hand_over();
  auto early = sent_on;

  in.add(forwarded(cast(a, "1")));
  in.add(forwarded(marker(a, 7)));
  forward();

  CHECK(early.empty());
  CHECK(sent_on == strings{"1", "|", "2"});
}

TEST_CASE_FIXTURE(inbox_fixture, "inbox: casts to self are not forwarded") {
  in.push(cast(self_id, "1"));

  hand_over();

  CHECK(sent_on.empty());
  CHECK(registry->counts.dropped(drop_reason::self_channel) == 1);
  CHECK(room->events() == 0);
}

TEST_CASE_FIXTURE(
  inbox_fixture,
  "inbox: forwarding is complete when every feeder has switched") {
  hand_over(2);
  in.add(marker(a, switch_id_of(a.instance, successor.instance)));
  forward();
  auto one = in.is_deserted();
  component = any<logical_id>();

  in.add(marker(b, switch_id_of(b.instance, successor.instance)));
  forward();

  CHECK(!one);
  CHECK(in.is_deserted());
}

TEST_CASE_FIXTURE(
  inbox_fixture,
  "inbox: a marker for another instance does not count as a switch") {
  hand_over();

  in.add(marker(a, switch_id_of(a.instance, b.instance)));
  forward();

  CHECK(!in.is_deserted());
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: forwarding is not complete while a source is held") {
  in.add(opener(b, 7));
  hand_over(0);
  auto early = in.is_deserted();

  run_for(limits::marker);
  in.expire();

  CHECK(!early);
  CHECK(in.is_deserted());
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: a call that cannot be forwarded fails") {
  auto egress = registry->egress_credit(successor.node);
  REQUIRE(egress->take(limits::egress_bytes));
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

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: clear() drops and counts ready and held events") {
  in.add(cast(a, "1"));
  in.add(opener(b, 7));
  in.add(cast(b, "2"));

  in.clear(drop_reason::stopped);

  CHECK(registry->counts.dropped(drop_reason::stopped) == 2);
  CHECK(room->events() == 0);
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: clear() after a hand-over forwards the last events") {
  hand_over();
  in.add(opener(a, 7));
  in.add(cast(a, "1"));

  in.clear(drop_reason::stopped);
  run_until_idle();

  CHECK(sent_on == strings{"1"});
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: no source waits for a predecessor that is lost") {
  instance_id source{any<node_id>(), any<physical_id>()};
  in.on_predecessor_lost();

  in.add(opener(source, 5));
  in.add(cast(source, "a"));

  CHECK(ready() == strings{"a"});
}

// -- captured states ----------------------------------------------------------

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: casts of the instance to itself go to a successor "
                  "that keeps its memory, as its own") {
  in.push(cast(self_id, "mine"));
  in.add(cast(a, "other"));
  CHECK(in.own_casts() == strings{"mine"});
  in.hand_over(successor, 1, true);
  run_until_idle();
  CHECK(sent_on == strings{"mine", "other"});
  CHECK(registry->counts.dropped() == 0);
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "inbox: without that, casts of the instance to itself are "
                  "dropped") {
  in.push(cast(self_id, "mine"));
  in.add(cast(a, "other"));
  hand_over();
  CHECK(sent_on == strings{"other"});
  CHECK(registry->counts.dropped(drop_reason::self_channel) == 1);
}
