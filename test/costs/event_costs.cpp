// SPDX-License-Identifier: MIT
#include "test/costs/cost_fixture.hpp"

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// `many` events fill whole batches, and fit into an inbox.
constexpr std::uint32_t batches = 4;
constexpr std::uint32_t many = batches * limits::batch_events;

/// The test scheduler keeps its jobs in a deque, which allocates a block for 64
/// of them.
constexpr std::uint32_t jobs = 64;

/// What `many` more events cost, once routes are active and buffers have grown.
cost marginal_cost(cost_fixture& x, const endpoint& first) {
  x.cost_of_cast(first, many);
  auto less = x.cost_of_cast(first, many);
  return x.cost_of_cast(first, 2 * many) - less;
}

void check(const cost& x, const cost& limit) {
  CHECK(x.allocations <= limit.allocations);
  CHECK(x.messages == limit.messages);
  CHECK(x.requests == limit.requests);
  CHECK(x.dropped == 0);
}

} // namespace

// A guest makes a request to its host for the next event, for each cast, for
// each call and for each answer that it hands over. At the end of each message
// it asks for one more event, and there is none.

TEST_CASE_FIXTURE(cost_fixture,
                  "event costs: in a node, a cast of a burst allocates its "
                  "payload") {
  auto sink = add(here, guest_task::idle);
  auto source = add(here, guest_task::burst, sink);
  // Per batch: a vector, and a message.
  check(marginal_cost(*this, source),
        {many + 2 * batches, batches, 2 * many + batches});
}

TEST_CASE_FIXTURE(cost_fixture,
                  "event costs: in a node, a single cast allocates three "
                  "times") {
  auto a = add(here, guest_task::countdown);
  auto b = add(here, guest_task::countdown, a);
  connect(a, b);
  // Its payload, a vector and a message.
  check(marginal_cost(*this, a), {3 * many + many / jobs, many, 3 * many});
}

TEST_CASE_FIXTURE(cost_fixture,
                  "event costs: in a node, a call and its answer are two "
                  "messages") {
  auto server = add(here, guest_task::idle);
  auto asker = add(here, guest_task::calls, server);
  // As two casts, and the payload that the answering guest makes.
  check(marginal_cost(*this, asker),
        {7 * many + 2 * many / jobs, 2 * many, 4 * many});
}

TEST_CASE_FIXTURE(cost_fixture,
                  "event costs: across nodes, a cast of a burst allocates "
                  "twice") {
  auto sink = add(there, guest_task::idle);
  auto source = add(here, guest_task::burst, sink);
  // Its payload, once on each node. A batch is handled by the EGRESS, the
  // connection, the INGRESS and its target; and the INGRESS grants credit to
  // the EGRESS.
  check(marginal_cost(*this, source),
        {2 * many + 17 * batches, 5 * batches, 2 * many + batches});
}

TEST_CASE_FIXTURE(cost_fixture,
                  "event costs: across nodes, a call and its answer are ten "
                  "messages") {
  auto server = add(there, guest_task::idle);
  auto asker = add(here, guest_task::calls, server);
  // Two batches of one event each.
  check(marginal_cost(*this, asker), {39 * many, 10 * many, 4 * many});
}
