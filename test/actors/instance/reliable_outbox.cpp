// SPDX-License-Identifier: MIT
#include "test/fixtures/stream_fixture.hpp"

#include <algorithm>

using namespace edgeless;
using namespace edgeless::test;

// -- on_full ------------------------------------------------------------------

TEST_CASE_FIXTURE(promises, "drop-oldest waits for room, in order") {
  auto x = near();
  out.patch({1, {{"oldest", x}}});
  for (auto payload : {"a", "b", "c", "d", "e"})
    CHECK(offer("oldest", payload));
  CHECK(taken() == strings{"1a", "2b", "3c"});
  CHECK(registry->counts.dropped() == 0);
  CHECK(out.due() == clock().now() + limits::credit_retry_pause);

  make_room(x);
  out.retry();

  CHECK(taken() == strings{"4d", "5e"});
  confirm(x, 5);
  CHECK(!out.due());
}

TEST_CASE_FIXTURE(promises, "drop-oldest lets the oldest make room") {
  auto x = near();
  out.patch({1, {{"oldest", x}}});
  for (std::size_t i = 0; i < places + limits::held_events + 2; ++i)
    offer("oldest", " " + std::to_string(i));
  taken();

  make_room(x);
  out.retry();

  CHECK(taken() == strings{"4 5", "5 6", "6 7"});
  CHECK(dropped(drop_reason::evicted) == 2);
}

TEST_CASE_FIXTURE(promises, "drop-oldest also holds for nowhere") {
  out.patch({1, {{"oldest", endpoint{}}}});
  for (std::size_t i = 0; i < limits::held_events + 1; ++i)
    offer("oldest", " " + std::to_string(i));

  out.patch({2, {{"oldest", near()}}});

  CHECK(taken() == strings{"1 1", "2 2", "3 3"});
  CHECK(dropped(drop_reason::evicted) == 1);
}

TEST_CASE_FIXTURE(promises, "drop-oldest holds for other nodes, too") {
  out.patch({1, {{"oldest", far()}}});
  constexpr auto all = limits::retransmit_in_flight_events + limits::held_events;
  for (std::size_t i = 0; i < all + 3; ++i)
    offer("oldest", "x");

  CHECK(dropped(drop_reason::evicted) == 3);
}

TEST_CASE_FIXTURE(promises, "block refuses more than may be open") {
  auto x = near();
  out.patch({1, {{"block", x}}});
  fill("block");

  CHECK(!offer("block", "d"));
  CHECK(registry->counts.sent() == places);
  taken();
  confirm(x, 1);
  CHECK(offer("block", "d"));

  CHECK(registry->counts.dropped() == 0);
}

TEST_CASE_FIXTURE(promises, "block waits for other nodes, too") {
  auto x = far();
  out.patch({1, {{"block", x}}});
  fill("block");

  CHECK(!offer("block", "d"));
  taken();
  last = gifts.front();
  confirm(x, 1);
  CHECK(offer("block", "d"));
}

TEST_CASE_FIXTURE(promises, "block drops when it has waited for too long") {
  out.patch({1, {{"block", near()}}});
  fill("block");

  CHECK(offer("block", "d", timeout::ended));

  CHECK(dropped(drop_reason::blocked_too_long) == 1);
}

TEST_CASE_FIXTURE(promises, "block drops at once where nobody may wait") {
  out.patch({1, {{"block", near()}}});
  fill("block");

  CHECK(offer("block", "d", timeout::none));

  CHECK(dropped(drop_reason::blocked_too_long) == 1);
}

TEST_CASE_FIXTURE(promises, "block sends nothing twice") {
  auto x = near(), y = near();
  out.patch({1, {{"block", x}}});
  say("block", {"a", "b", "c", "d"});
  taken();
  out.confirm(said(event_kind::trapped, x, 1));

  out.patch({2, {{"block", endpoint{}}}});
  offer("block", "e");
  out.patch({3, {{"block", y}}});

  CHECK(taken() == strings{"4d", "5e"});
  CHECK(registry->counts.sent() == 5);
}

TEST_CASE_FIXTURE(promises, "a channel without promises drops the newest") {
  out.patch({1, {{"plain", near()}}});
  for (auto payload : {"a", "b", "c", "d"})
    CHECK(offer("plain", payload));

  CHECK(taken() == strings{"a", "b", "c"});
  CHECK(dropped(drop_reason::inbox_full) == 1);
  CHECK(!out.due());
}

// -- delivery -----------------------------------------------------------------

TEST_CASE_FIXTURE(promises, "what is delivered at least once waits for room") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  for (auto payload : {"a", "b", "c", "d"})
    CHECK(offer("sure", payload));
  CHECK(taken() == strings{"1a", "2b", "3c"});
  CHECK(registry->counts.sent() == 3);

  make_room(x);

  CHECK(taken() == strings{"4d"});
  CHECK(registry->counts.sent() == 4);
  CHECK(registry->counts.dropped() == 0);
}

TEST_CASE_FIXTURE(promises, "who replaces a target gets what it left open") {
  auto x = near(), y = near();
  out.patch({1, {{"sure", x}}});
  say("sure", {"a", "b", "c"});
  taken();
  confirm(x, 1);

  out.patch({2, {{"sure", endpoint{}}}});
  offer("sure", "d");
  out.patch({3, {{"sure", y}}});

  CHECK(taken() == strings{"2b", "3c", "4d"});
}

TEST_CASE_FIXTURE(promises,
                  "who takes over from a target is sent nothing twice") {
  auto x = near(), y = near();
  y.predecessor = x.instance;
  out.patch({1, {{"sure", x}}});
  offer("sure", "a");
  taken();

  out.patch({2, {{"sure", y}}});
  offer("sure", "b");

  CHECK(taken() == strings{"", "", "2b"}); // and two markers
}

TEST_CASE_FIXTURE(promises, "others cannot confirm for a target") {
  auto x = near(), stranger = near();
  out.patch({1, {{"sure", x}}});
  offer("sure", "a");
  taken();

  confirm(stranger, 1);
  out.patch({2, {{"sure", near()}}});

  CHECK(taken() == strings{"1a"});
}

TEST_CASE_FIXTURE(promises, "a successor may confirm before it is known") {
  auto x = near(), y = near();
  y.predecessor = x.instance;
  out.patch({1, {{"sure", x}}});
  offer("sure", "a");
  taken();

  confirm(y, 1);
  out.patch({2, {{"sure", y}}});
  out.patch({3, {{"sure", near()}}});

  CHECK(std::ranges::count(taken(), "1a") == 0);
}

TEST_CASE_FIXTURE(promises, "a target that says nothing is asked again") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  offer("sure", "a");
  offer("sure", "b");
  taken();
  REQUIRE(out.due() == clock().now() + limits::retransmit_pause_min);
  out.retry();
  CHECK(taken().empty());

  run_for(limits::retransmit_pause_min);
  out.retry();

  CHECK(taken() == strings{"1a"});
  CHECK(out.due() == clock().now() + 2 * limits::retransmit_pause_min);
  CHECK(registry->counts.sent() == 3);
}

TEST_CASE_FIXTURE(promises,
                  "who takes only what was sent again gets the rest") {
  auto x = repeat_first_of_three();

  confirm(x, 1);

  CHECK(taken() == strings{"2b", "3c"});
}

TEST_CASE_FIXTURE(promises, "what is under way is sent again only once") {
  auto x = repeat_first_of_three();
  confirm(x, 1);
  REQUIRE(taken() == strings{"2b", "3c"});

  // It has them now, and those that come again are answered, too.
  confirm(x, 1);
  confirm(x, 2);

  CHECK(taken() == strings{});
}

TEST_CASE_FIXTURE(promises, "a target that misses some gets them again") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  say("sure", {"a", "b", "c"});
  taken();
  make_room(x);
  auto gap = said(event_kind::handled, x, 1);
  gap.call = 1;

  out.confirm(gap);

  CHECK(taken() == strings{"2b", "3c"});
}

TEST_CASE_FIXTURE(promises, "poison is dropped, and what follows is sent") {
  auto a = near();
  out.patch({1, {{"sure", a}}});
  offer("sure", "bad");
  offer("sure", "good");
  taken();
  for (std::uint64_t revision = 2; revision <= 4; ++revision) {
    out.confirm(said(event_kind::trapped, a, 1));
    a = near();
    out.patch({revision, {{"sure", a}}});
    if (revision < 4)
      CHECK(taken() == strings{"1bad", "2good"});
  }

  CHECK(taken() == strings{"2good"});
  CHECK(dropped(drop_reason::poison) == 1);
}

TEST_CASE_FIXTURE(promises, "no more is kept than may be") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  for (std::size_t i = 0; i < limits::retransmit_events; ++i)
    CHECK(offer("sure", "x"));

  CHECK(!offer("sure", "y"));
  CHECK(offer("sure", "y", timeout::none));
  CHECK(dropped(drop_reason::blocked_too_long) == 1);
  taken();
  confirm(x, 1);
  CHECK(offer("sure", "y"));
}

TEST_CASE_FIXTURE(promises, "a function never waits for itself") {
  endpoint me;
  me.node = registry->self;
  me.instance = myself;
  out.patch({1, {{"sure", me}}});
  for (std::size_t i = 0; i < limits::retransmit_events; ++i)
    offer("sure", "x");

  CHECK(offer("sure", "y"));

  CHECK(dropped(drop_reason::blocked_too_long) == 1);
}

TEST_CASE_FIXTURE(promises, "what never left is counted at the end") {
  out.patch({1, {{"sure", near()}}});
  say("sure", {"a", "b", "c", "d", "e"});
  taken();

  out.clear(drop_reason::stopped);

  CHECK(registry->counts.sent() == 5);
  CHECK(dropped(drop_reason::stopped) == 2);
}
