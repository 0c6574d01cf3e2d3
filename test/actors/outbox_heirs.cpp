// SPDX-License-Identifier: MIT
// What one instance has kept, and its successor sends.
#include "test/actors/promises.hpp"

using namespace edgeless;
using namespace edgeless::test;

TEST_CASE_FIXTURE(promises, "what is kept goes to the successor") {
  auto x = near();
  out.patch({1, {{"sure", x}}});
  for (auto payload : {"a", "b", "c", "d"})
    offer("sure", payload);
  taken();
  confirm(x, 1);
  auto heir = make_heir(x);
  heir.offer("sure", "mine", patience::none);

  out.end(successor);
  settle();
  for (auto& gift : gifts)
    heir.inherit(gift);
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
  auto heir = make_heir(x);
  heir.await_inheritance();
  pass(limits::barrier);
  heir.retry();

  out.end(successor);
  settle();
  for (auto& gift : gifts)
    heir.inherit(gift);
  heir.flush();

  CHECK(taken() == strings{"", "", "1a"});
}

TEST_CASE_FIXTURE(promises, "what comes too late, and was sent, is not again") {
  auto x = near();
  out.patch({1, {{"block", x}}});
  for (auto payload : {"a", "b", "c", "d"})
    offer("block", payload);
  taken();
  auto heir = make_heir(x, "block");
  heir.await_inheritance();
  pass(limits::barrier);
  heir.retry();

  out.end(successor);
  settle();
  for (auto& gift : gifts)
    heir.inherit(gift);
  make_room(x);
  heir.flush();

  CHECK(taken() == strings{"", "", "1d"});
}

TEST_CASE_FIXTURE(promises, "an heir sends to others what was never sent") {
  auto x = near(), y = near();
  out.patch({1, {{"block", x}}});
  for (auto payload : {"a", "b", "c", "d"})
    offer("block", payload);
  taken();
  auto heir = make_heir(y, "block");

  out.end(successor);
  settle();
  for (auto& gift : gifts)
    heir.inherit(gift);
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
