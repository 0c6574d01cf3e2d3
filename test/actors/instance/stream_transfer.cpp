// SPDX-License-Identifier: MIT
// The transfer of unacknowledged events to a successor instance.
#include "test/fixtures/stream_fixture.hpp"

using namespace edgeless;
using namespace edgeless::test;

TEST_CASE_FIXTURE(
  stream_fixture,
  "stream transfer: unacknowledged events go to the successor") {
  auto x = near();
  out.patch({1, {{"reliable", x}}});
  offer_all("reliable", {"a", "b", "c", "d"});
  delivered();
  acknowledge(x, 1);
  auto successor_outbox = make_successor(x);
  successor_outbox->offer("reliable", "mine", blocking::forbidden);

  export_streams(*successor_outbox);
  return_credit(x);
  successor_outbox->flush();

  // Two markers come first: they end one route and open the other.
  CHECK(delivered() == strings{"", "", "4d", "5mine"});
}

TEST_CASE_FIXTURE(
  stream_fixture,
  "stream transfer: the wait for the predecessor's streams is bounded") {
  auto x = near();
  auto successor_outbox = make_successor(x);
  successor_outbox->offer("reliable", "mine", blocking::forbidden);
  successor_outbox->reliable().await_import();
  successor_outbox->flush();
  CHECK(delivered() == strings{""});

  run_for(limits::marker);
  successor_outbox->reliable().retry();
  successor_outbox->flush();

  CHECK(delivered() == strings{"1mine"});
}

TEST_CASE_FIXTURE(stream_fixture,
                  "stream transfer: a late at-least-once event is sent anew") {
  auto x = near();
  out.patch({1, {{"reliable", x}}});
  offer("reliable", "a");
  delivered();
  auto successor_outbox = make_late_successor(x);

  export_streams(*successor_outbox);
  successor_outbox->flush();

  CHECK(delivered() == strings{"", "", "1a"});
}

TEST_CASE_FIXTURE(
  stream_fixture,
  "stream transfer: a late at-most-once event is not sent twice") {
  auto x = near();
  out.patch({1, {{"block", x}}});
  offer_all("block", {"a", "b", "c", "d"});
  delivered();
  auto successor_outbox = make_late_successor(x, "block");

  export_streams(*successor_outbox);
  return_credit(x);
  successor_outbox->flush();

  CHECK(delivered() == strings{"", "", "1d"});
}

TEST_CASE_FIXTURE(
  stream_fixture,
  "stream transfer: another target gets only events never sent") {
  auto x = near(), y = near();
  out.patch({1, {{"block", x}}});
  offer_all("block", {"a", "b", "c", "d"});
  delivered();
  auto successor_outbox = make_successor(y, "block");

  export_streams(*successor_outbox);
  successor_outbox->flush();

  CHECK(delivered() == strings{"", "", "4d"});
}

TEST_CASE_FIXTURE(stream_fixture,
                  "stream transfer: streams from another source are ignored") {
  auto x = near();
  out.patch({1, {{"reliable", x}}});
  offer("reliable", "a");
  delivered();
  out.end(successor);
  run_until_idle();
  delivered();
  auto successor_outbox = make_successor(x, {any<node_id>(), self_id});

  for (auto& x : exported)
    successor_outbox->reliable().import_event(x);
  run_for(limits::node_start);
  successor_outbox->reliable().retry();
  successor_outbox->flush();

  CHECK(delivered() == strings{""});
}

TEST_CASE_FIXTURE(
  stream_fixture,
  "stream transfer: the traps of an event count for the successor, too") {
  auto x = near();
  out.patch({1, {{"reliable", x}}});
  offer_all("reliable", {"poison", "b"});
  delivered();
  auto trapped = ack_of(event_kind::trapped, x, 1);
  for (std::uint32_t i = 1; i < limits::traps_per_event; ++i)
    out.reliable().on_ack(trapped);
  auto successor_outbox = make_successor(x);
  export_streams(*successor_outbox);
  REQUIRE(dropped(drop_reason::poison) == 0);

  successor_outbox->reliable().on_ack(trapped);

  CHECK(dropped(drop_reason::poison) == 1);
}

TEST_CASE_FIXTURE(
  stream_fixture,
  "stream transfer: a second successor repeats no at-most-once event to "
  "another target") {
  auto x = near(), y = near();
  out.patch({1, {{"block", x}}});
  offer_all("block", {"a", "b", "c", "d"}); // the last finds no credit
  delivered();
  auto first = make_successor(x, "block");
  export_streams(*first);
  first->flush();
  delivered();
  // The successor moves on before anything is acknowledged, and its target is
  // replaced at the same time.
  exported.clear();
  auto origin = instance_id{successor.node, successor.instance};
  successor.instance = any<physical_id>();
  auto second = make_successor(y, origin, "block");
  first->end(successor);
  run_until_idle();
  for (auto& e : exported)
    second->reliable().import_event(e);
  delivered();
  second->flush();

  CHECK(std::ranges::count(delivered(), "4d") == 1);
}
