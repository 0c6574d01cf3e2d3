// SPDX-License-Identifier: MIT
#include "test/costs/stage.hpp"

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// So many events fill batches, and fit into an inbox.
constexpr std::uint32_t batches = 4;
constexpr std::uint32_t many = batches * limits::batch_events;

/// The scheduler of the tests keeps its jobs in a deque, which takes a block
/// for 64 of them.
constexpr std::uint32_t jobs = 64;

/// What `many` more events cost, once ways are open and buffers have grown.
cost growth(stage& x, const endpoint& first) {
  x.spend(first, many);
  auto less = x.spend(first, many);
  return x.spend(first, 2 * many) - less;
}

void check(const cost& x, const cost& limit) {
  CHECK(x.allocations <= limit.allocations);
  CHECK(x.messages == limit.messages);
  CHECK(x.requests == limit.requests);
  CHECK(x.lost == 0);
}

} // namespace

// Guests ask for the next event, for each cast and for each call, and hand in
// each answer: these are their requests. At the end of each message, they ask
// for an event in vain.

TEST_CASE_FIXTURE(stage, "in a node, a cast of a burst allocates its payload") {
  auto sink = add(here, errand::nothing);
  auto source = add(here, errand::burst, sink);
  // A batch is a vector in a message.
  check(growth(*this, source),
        {many + 2 * batches, batches, 2 * many + batches});
}

TEST_CASE_FIXTURE(stage, "in a node, a cast alone allocates thrice") {
  auto a = add(here, errand::volley);
  auto b = add(here, errand::volley, a);
  lead(a, b);
  // Its payload, a vector, a message.
  check(growth(*this, a), {3 * many + many / jobs, many, 3 * many});
}

TEST_CASE_FIXTURE(stage, "in a node, a call and its answer are two messages") {
  auto server = add(here, errand::nothing);
  auto asker = add(here, errand::calls, server);
  // As two casts; and a payload in the hand of the guest that answers.
  check(growth(*this, asker), {7 * many + 2 * many / jobs, 2 * many, 4 * many});
}

TEST_CASE_FIXTURE(stage, "across nodes, a cast of a burst allocates twice") {
  auto sink = add(there, errand::nothing);
  auto source = add(here, errand::burst, sink);
  // Its payload, here and there. A batch goes to EGRESS, the cable, the INGRESS
  // and its target; the INGRESS says so to EGRESS.
  check(growth(*this, source),
        {2 * many + 17 * batches, 5 * batches, 2 * many + batches});
}

TEST_CASE_FIXTURE(stage,
                  "across nodes, a call and its answer are ten messages") {
  auto server = add(there, errand::nothing);
  auto asker = add(here, errand::calls, server);
  // Two batches of one event each.
  check(growth(*this, asker), {39 * many, 10 * many, 4 * many});
}
