// SPDX-License-Identifier: MIT
// What one instance has kept, and its successor sends.
#include "test/actors/promises.hpp"

using namespace edgeless;
using namespace edgeless::test;

TEST_CASE_FIXTURE(promises, "what is kept goes to the successor") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  say("sure", {"a", "b", "c", "d"});
  taken();
  confirm(x, 1);
  auto heir = make_heir(x);
  heir.offer("sure", "mine", patience::none);

  bequeath(heir);
  make_room(x);
  heir.flush();

  // The end of one way, the beginning of another.
  CHECK(taken() == strings{"", "", "4d", "5mine"});
}

TEST_CASE_FIXTURE(promises, "a successor does not wait for ever") {
  auto x = near();
  auto heir = make_heir(x);
  heir.offer("sure", "mine", patience::none);
  heir.await_inheritance();
  heir.flush();
  CHECK(taken() == strings{""});

  pass(limits::barrier);
  heir.retry();
  heir.flush();

  CHECK(taken() == strings{"1mine"});
}

TEST_CASE_FIXTURE(promises, "what comes too late is sent anew") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  offer("sure", "a");
  taken();
  auto heir = make_late_heir(x);

  bequeath(heir);
  heir.flush();

  CHECK(taken() == strings{"", "", "1a"});
}

TEST_CASE_FIXTURE(promises, "what comes too late, and was sent, is not again") {
  auto x = near();
  out.patch({1, {{"block", x}}});
  say("block", {"a", "b", "c", "d"});
  taken();
  auto heir = make_late_heir(x, "block");

  bequeath(heir);
  make_room(x);
  heir.flush();

  CHECK(taken() == strings{"", "", "1d"});
}

TEST_CASE_FIXTURE(promises, "an heir sends to others what was never sent") {
  auto x = near(), y = near();
  out.patch({1, {{"block", x}}});
  say("block", {"a", "b", "c", "d"});
  taken();
  auto heir = make_heir(y, "block");

  bequeath(heir);
  heir.flush();

  CHECK(taken() == strings{"", "", "4d"});
}

TEST_CASE_FIXTURE(promises, "only a predecessor leaves anything") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  offer("sure", "a");
  taken();
  out.end(successor);
  settle();
  taken();
  auto heir = make_heir(x, {any<node_id>(), myself});

  for (auto& gift : gifts)
    heir.inherit(gift);
  pass(limits::node_start);
  heir.retry();
  heir.flush();

  CHECK(taken() == strings{""});
}
