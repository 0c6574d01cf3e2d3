// SPDX-License-Identifier: MIT
#include "test/costs/stage.hpp"

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// So many events fill batches, and fit into an inbox.
constexpr std::uint32_t many = 4 * limits::batch_events;

/// What `many` more events cost, once ways are open and buffers have grown.
cost growth(stage& x, const endpoint& first) {
  x.spend(first, many);
  auto less = x.spend(first, many);
  return x.spend(first, 2 * many) - less;
}

void check(const cost& x, const cost& limit) {
  CAPTURE(many);
  CHECK(x.allocations <= limit.allocations);
  CHECK(x.messages == limit.messages);
  CHECK(x.requests == limit.requests);
  CHECK(x.lost == 0);
}

} // namespace

TEST_CASE_FIXTURE(stage, "what a cast of a burst costs inside a node") {
  auto sink = add(here, errand::nothing);
  auto source = add(here, errand::burst, sink);
  check(growth(*this, source), {0, many / limits::batch_events, 2 * many});
}

TEST_CASE_FIXTURE(stage, "what a cast alone costs inside a node") {
  auto a = add(here, errand::volley);
  auto b = add(here, errand::volley, a);
  lead(a, b);
  check(growth(*this, a), {0, many, 3 * many});
}

TEST_CASE_FIXTURE(stage, "what a call and its answer cost inside a node") {
  auto server = add(here, errand::nothing);
  auto asker = add(here, errand::calls, server);
  check(growth(*this, asker), {0, 2 * many, 4 * many});
}

TEST_CASE_FIXTURE(stage, "what a cast of a burst costs between nodes") {
  auto sink = add(there, errand::nothing);
  auto source = add(here, errand::burst, sink);
  check(growth(*this, source), {0, 0, 2 * many});
}

TEST_CASE_FIXTURE(stage, "what a call and its answer cost between nodes") {
  auto server = add(there, errand::nothing);
  auto asker = add(here, errand::calls, server);
  check(growth(*this, asker), {0, 0, 4 * many});
}
