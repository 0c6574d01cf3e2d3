// SPDX-License-Identifier: MIT
#include "test/fixtures/stream_fixture.hpp"

#include <algorithm>

using namespace edgeless;
using namespace edgeless::test;

// -- on_full ------------------------------------------------------------------

TEST_CASE_FIXTURE(stream_fixture,
                  "drop-oldest channel: waits for credit and keeps the order") {
  auto x = near();
  out.patch({1, {{"oldest", x}}});
  for (auto payload : {"a", "b", "c", "d", "e"})
    CHECK(offer("oldest", payload));
  CHECK(delivered() == strings{"1a", "2b", "3c"});
  CHECK(registry->counts.dropped() == 0);
  CHECK(out.reliable().due() == clock().now() + limits::credit_retry_pause);

  return_credit(x);
  out.reliable().retry();

  CHECK(delivered() == strings{"4d", "5e"});
  acknowledge(x, 5);
  CHECK(!out.reliable().due());
}

TEST_CASE_FIXTURE(stream_fixture,
                  "drop-oldest channel: evicts the oldest waiting event") {
  auto x = near();
  out.patch({1, {{"oldest", x}}});
  for (std::size_t i = 0; i < target_credit + limits::held_events + 2; ++i)
    offer("oldest", " " + std::to_string(i));
  delivered();

  return_credit(x);
  out.reliable().retry();

  CHECK(delivered() == strings{"4 5", "5 6", "6 7"});
  CHECK(dropped(drop_reason::evicted) == 2);
}

TEST_CASE_FIXTURE(stream_fixture,
                  "drop-oldest channel: evicts also while it has no target") {
  out.patch({1, {{"oldest", endpoint{}}}});
  for (std::size_t i = 0; i < limits::held_events + 1; ++i)
    offer("oldest", " " + std::to_string(i));

  out.patch({2, {{"oldest", near()}}});

  CHECK(delivered() == strings{"1 1", "2 2", "3 3"});
  CHECK(dropped(drop_reason::evicted) == 1);
}

TEST_CASE_FIXTURE(
  stream_fixture,
  "drop-oldest channel: evicts also for a target on another node") {
  out.patch({1, {{"oldest", far()}}});
  constexpr auto all
    = limits::retransmit_in_flight_events + limits::held_events;
  for (std::size_t i = 0; i < all + 3; ++i)
    offer("oldest", "x");

  CHECK(dropped(drop_reason::evicted) == 3);
}

TEST_CASE_FIXTURE(
  stream_fixture,
  "block channel: refuses events beyond limits::retransmit_events") {
  auto x = near();
  out.patch({1, {{"block", x}}});
  fill("block");

  CHECK(!offer("block", "d"));
  CHECK(registry->counts.sent() == target_credit);
  delivered();
  acknowledge(x, 1);
  CHECK(offer("block", "d"));

  CHECK(registry->counts.dropped() == 0);
}

TEST_CASE_FIXTURE(stream_fixture,
                  "block channel: refuses also for a target on another node") {
  auto x = far();
  out.patch({1, {{"block", x}}});
  fill("block");

  CHECK(!offer("block", "d"));
  delivered();
  last = exported.front();
  acknowledge(x, 1);
  CHECK(offer("block", "d"));
}

TEST_CASE_FIXTURE(stream_fixture,
                  "block channel: drops after the wait has timed out") {
  out.patch({1, {{"block", near()}}});
  fill("block");

  CHECK(offer("block", "d", blocking::timed_out));

  CHECK(dropped(drop_reason::blocked_too_long) == 1);
}

TEST_CASE_FIXTURE(stream_fixture,
                  "block channel: drops at once in a hook that may not wait") {
  out.patch({1, {{"block", near()}}});
  fill("block");

  CHECK(offer("block", "d", blocking::forbidden));

  CHECK(dropped(drop_reason::blocked_too_long) == 1);
}

TEST_CASE_FIXTURE(stream_fixture, "block channel: sends nothing twice") {
  auto x = near(), y = near();
  out.patch({1, {{"block", x}}});
  offer_all("block", {"a", "b", "c", "d"});
  delivered();
  out.reliable().on_ack(ack_of(event_kind::trapped, x, 1));

  out.patch({2, {{"block", endpoint{}}}});
  offer("block", "e");
  out.patch({3, {{"block", y}}});

  CHECK(delivered() == strings{"4d", "5e"});
  CHECK(registry->counts.sent() == 5);
}

TEST_CASE_FIXTURE(stream_fixture, "plain channel: drops the newest event") {
  out.patch({1, {{"plain", near()}}});
  for (auto payload : {"a", "b", "c", "d"})
    CHECK(offer("plain", payload));

  CHECK(delivered() == strings{"a", "b", "c"});
  CHECK(dropped(drop_reason::inbox_full) == 1);
  CHECK(!out.reliable().due());
}

// -- delivery -----------------------------------------------------------------

TEST_CASE_FIXTURE(stream_fixture, "reliable channel: waits for credit") {
  auto x = near();
  out.patch({1, {{"reliable", x}}});
  for (auto payload : {"a", "b", "c", "d"})
    CHECK(offer("reliable", payload));
  CHECK(delivered() == strings{"1a", "2b", "3c"});
  CHECK(registry->counts.sent() == 3);

  return_credit(x);

  CHECK(delivered() == strings{"4d"});
  CHECK(registry->counts.sent() == 4);
  CHECK(registry->counts.dropped() == 0);
}

TEST_CASE_FIXTURE(
  stream_fixture,
  "reliable channel: a new target gets all unacknowledged events") {
  auto x = near(), y = near();
  out.patch({1, {{"reliable", x}}});
  offer_all("reliable", {"a", "b", "c"});
  delivered();
  acknowledge(x, 1);

  out.patch({2, {{"reliable", endpoint{}}}});
  offer("reliable", "d");
  out.patch({3, {{"reliable", y}}});

  CHECK(delivered() == strings{"2b", "3c", "4d"});
}

TEST_CASE_FIXTURE(
  stream_fixture,
  "reliable channel: a target's successor is sent nothing twice") {
  auto x = near(), y = near();
  y.predecessor = x.instance;
  out.patch({1, {{"reliable", x}}});
  offer("reliable", "a");
  delivered();

  out.patch({2, {{"reliable", y}}});
  offer("reliable", "b");

  CHECK(delivered() == strings{"", "", "2b"}); // the first two are markers
}

TEST_CASE_FIXTURE(
  stream_fixture,
  "reliable channel: ignores acknowledgements of other instances") {
  auto x = near(), stranger = near();
  out.patch({1, {{"reliable", x}}});
  offer("reliable", "a");
  delivered();

  acknowledge(stranger, 1);
  out.patch({2, {{"reliable", near()}}});

  CHECK(delivered() == strings{"1a"});
}

TEST_CASE_FIXTURE(
  stream_fixture,
  "reliable channel: keeps an early acknowledgement of a successor") {
  auto x = near(), y = near();
  y.predecessor = x.instance;
  out.patch({1, {{"reliable", x}}});
  offer("reliable", "a");
  delivered();

  acknowledge(y, 1);
  out.patch({2, {{"reliable", y}}});
  out.patch({3, {{"reliable", near()}}});

  CHECK(std::ranges::count(delivered(), "1a") == 0);
}

TEST_CASE_FIXTURE(stream_fixture,
                  "reliable channel: probes a silent target with back-off") {
  auto x = near();
  out.patch({1, {{"reliable", x}}});
  offer("reliable", "a");
  offer("reliable", "b");
  delivered();
  REQUIRE(out.reliable().due() == clock().now() + limits::retransmit_pause_min);
  out.reliable().retry();
  CHECK(delivered().empty());

  run_for(limits::retransmit_pause_min);
  out.reliable().retry();

  CHECK(delivered() == strings{"1a"});
  CHECK(out.reliable().due()
        == clock().now() + 2 * limits::retransmit_pause_min);
  CHECK(registry->counts.sent() == 2);
  CHECK(registry->counts.retransmitted() == 1);
}

TEST_CASE_FIXTURE(
  stream_fixture,
  "reliable channel: an acknowledged probe retransmits the rest") {
  auto x = repeat_first_of_three();

  acknowledge(x, 1);

  CHECK(delivered() == strings{"2b", "3c"});
}

TEST_CASE_FIXTURE(stream_fixture,
                  "reliable channel: retransmits only once per probe") {
  auto x = repeat_first_of_three();
  acknowledge(x, 1);
  REQUIRE(delivered() == strings{"2b", "3c"});

  // The target acknowledges both events, and the repeated ones once more.
  acknowledge(x, 1);
  acknowledge(x, 2);

  CHECK(delivered() == strings{});
}

TEST_CASE_FIXTURE(stream_fixture,
                  "reliable channel: retransmits a reported gap") {
  auto x = near();
  out.patch({1, {{"reliable", x}}});
  offer_all("reliable", {"a", "b", "c"});
  delivered();
  return_credit(x);
  auto gap = ack_of(event_kind::handled, x, 1);
  gap.call = 1;

  out.reliable().on_ack(gap);

  CHECK(delivered() == strings{"2b", "3c"});
}

TEST_CASE_FIXTURE(
  stream_fixture,
  "reliable channel: drops a poison message and sends what follows") {
  auto a = near();
  out.patch({1, {{"reliable", a}}});
  offer("reliable", "bad");
  offer("reliable", "good");
  delivered();
  for (std::uint64_t revision = 2; revision <= 4; ++revision) {
    out.reliable().on_ack(ack_of(event_kind::trapped, a, 1));
    a = near();
    out.patch({revision, {{"reliable", a}}});
    if (revision < 4)
      CHECK(delivered() == strings{"1bad", "2good"});
  }

  CHECK(delivered() == strings{"2good"});
  CHECK(dropped(drop_reason::poison) == 1);
}

TEST_CASE_FIXTURE(stream_fixture,
                  "reliable channel: the retransmit buffer is bounded") {
  auto x = near();
  out.patch({1, {{"reliable", x}}});
  for (std::size_t i = 0; i < limits::retransmit_events; ++i)
    CHECK(offer("reliable", "x"));

  CHECK(!offer("reliable", "y"));
  CHECK(offer("reliable", "y", blocking::forbidden));
  CHECK(dropped(drop_reason::blocked_too_long) == 1);
  delivered();
  acknowledge(x, 1);
  CHECK(offer("reliable", "y"));
}

TEST_CASE_FIXTURE(stream_fixture,
                  "reliable channel: never blocks on its own instance") {
  endpoint me;
  me.node = registry->self;
  me.instance = self_id;
  out.patch({1, {{"reliable", me}}});
  for (std::size_t i = 0; i < limits::retransmit_events; ++i)
    offer("reliable", "x");

  CHECK(offer("reliable", "y"));

  CHECK(dropped(drop_reason::blocked_too_long) == 1);
}

TEST_CASE_FIXTURE(
  stream_fixture,
  "reliable channel: clear() counts the events that were never sent") {
  out.patch({1, {{"reliable", near()}}});
  offer_all("reliable", {"a", "b", "c", "d", "e"});
  delivered();

  out.clear(drop_reason::stopped);

  CHECK(registry->counts.sent() == 5);
  CHECK(dropped(drop_reason::stopped) == 2);
}
