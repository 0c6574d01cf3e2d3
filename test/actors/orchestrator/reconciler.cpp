// SPDX-License-Identifier: MIT
#include "test/actors/orchestrator/orchestrator_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// A node that reports the digest `reported`, and counts the requests for its
/// inventory.
struct reconciler_fixture : orchestrator_fixture {
  reconciler_fixture() {
    REQUIRE(join(
      any<node_id>(),
      spawn_double<node_actor>(
        [this](atom::keep_alive, std::uint64_t) {
          return node_report{{}, reported, {}};
        },
        [this](atom::running) {
          ++fetches;
          return there;
        },
        [this](atom::stop, const physical_id& x) { stopped.push_back(x); }),
      any<boot_id>()));
  }

  void poll() {
    run_for(keep_alive_interval);
  }

  std::uint64_t reported = 0;
  inventory there;
  int fetches = 0;
  std::vector<physical_id> stopped;
};

} // namespace

TEST_CASE_FIXTURE(
  reconciler_fixture,
  "reconciler: a single mismatch, as of an event under way, asks nothing") {
  for (int i = 0; i < 5; ++i) {
    reported = 1;
    poll();
    reported = 0;
    poll();
  }

  CHECK(fetches == 0);
}

TEST_CASE_FIXTURE(
  reconciler_fixture,
  "reconciler: after two mismatches stops what no component owns") {
  inventory_record unknown;
  unknown.component = any<logical_id>();
  unknown.instance = any<physical_id>();
  there = {unknown};
  reported = digest(there);

  poll();
  poll();

  CHECK(fetches == 1);
  CHECK(stopped == std::vector{unknown.instance});
}
