// SPDX-License-Identifier: MIT
// What one instance has kept, and its successor sends.
#include "test/fixtures/stream_fixture.hpp"

using namespace edgeless;
using namespace edgeless::test;

TEST_CASE_FIXTURE(promises, "what is kept goes to the successor") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  say("sure", {"a", "b", "c", "d"});
  taken();
  confirm(x, 1);
  auto successor_outbox = make_heir(x);
  successor_outbox.offer("sure", "mine", timeout::none);

  export_streams(successor_outbox);
  make_room(x);
  successor_outbox.flush();

  // The end of one way, the beginning of another.
  CHECK(taken() == strings{"", "", "4d", "5mine"});
}

TEST_CASE_FIXTURE(promises, "a successor does not wait for ever") {
  auto x = near();
  auto successor_outbox = make_heir(x);
  successor_outbox.offer("sure", "mine", timeout::none);
  successor_outbox.await_import();
  successor_outbox.flush();
  CHECK(taken() == strings{""});

  run_for(limits::marker);
  successor_outbox.retry();
  successor_outbox.flush();

  CHECK(taken() == strings{"1mine"});
}

TEST_CASE_FIXTURE(promises, "what comes too late is sent anew") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  offer("sure", "a");
  taken();
  auto successor_outbox = make_late_heir(x);

  export_streams(successor_outbox);
  successor_outbox.flush();

  CHECK(taken() == strings{"", "", "1a"});
}

TEST_CASE_FIXTURE(promises, "what comes too late, and was sent, is not again") {
  auto x = near();
  out.patch({1, {{"block", x}}});
  say("block", {"a", "b", "c", "d"});
  taken();
  auto successor_outbox = make_late_heir(x, "block");

  export_streams(successor_outbox);
  make_room(x);
  successor_outbox.flush();

  CHECK(taken() == strings{"", "", "1d"});
}

TEST_CASE_FIXTURE(promises, "an heir sends to others what was never sent") {
  auto x = near(), y = near();
  out.patch({1, {{"block", x}}});
  say("block", {"a", "b", "c", "d"});
  taken();
  auto successor_outbox = make_heir(y, "block");

  export_streams(successor_outbox);
  successor_outbox.flush();

  CHECK(taken() == strings{"", "", "4d"});
}

TEST_CASE_FIXTURE(promises, "only a predecessor leaves anything") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  offer("sure", "a");
  taken();
  out.end(successor);
  run_until_idle();
  taken();
  auto successor_outbox = make_heir(x, {any<node_id>(), myself});

  for (auto& gift : gifts)
    successor_outbox.import_streams(gift);
  run_for(limits::node_start);
  successor_outbox.retry();
  successor_outbox.flush();

  CHECK(taken() == strings{""});
}
