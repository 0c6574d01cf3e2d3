// SPDX-License-Identifier: MIT
#include "test/costs/stage.hpp"

#include <cstdlib>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// So many events fit into an inbox.
constexpr std::uint32_t many = 4 * limits::batch_events;

/// ROUNDS of the environment times `many` events, once ways are open and
/// buffers have grown. Whoever counts takes the difference of two runs.
void play(stage& x, const endpoint& first) {
  auto* rounds = std::getenv("ROUNDS");
  auto more = rounds ? std::atoi(rounds) : 1;
  x.spend(first, many);
  for (int i = 0; i < more; ++i)
    CHECK(x.spend(first, many).lost == 0);
}

} // namespace

// test_instructions.py runs these, each by its name.

TEST_CASE_FIXTURE(stage, "count: cast of a burst in a node" * doctest::skip()) {
  auto sink = add(here, errand::nothing);
  play(*this, add(here, errand::burst, sink));
}

TEST_CASE_FIXTURE(stage, "count: cast alone in a node" * doctest::skip()) {
  auto a = add(here, errand::volley);
  auto b = add(here, errand::volley, a);
  lead(a, b);
  play(*this, a);
}

TEST_CASE_FIXTURE(stage, "count: call in a node" * doctest::skip()) {
  auto server = add(here, errand::nothing);
  play(*this, add(here, errand::calls, server));
}

TEST_CASE_FIXTURE(stage,
                  "count: cast of a burst across nodes" * doctest::skip()) {
  auto sink = add(there, errand::nothing);
  play(*this, add(here, errand::burst, sink));
}

TEST_CASE_FIXTURE(stage, "count: call across nodes" * doctest::skip()) {
  auto server = add(there, errand::nothing);
  play(*this, add(here, errand::calls, server));
}
