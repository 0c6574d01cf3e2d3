// SPDX-License-Identifier: MIT
#include "test/actors/orchestrator/orchestrator_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "intent executor: a drain bounds the migrations that are under way") {
  auto full = any<node_id>();
  REQUIRE(join(full, healthy_node(), any<boot_id>()));
  auto workflow = any<workflow_id>();
  specs all;
  for (std::size_t i = 0; i < 2 * limits::drain_migrations; ++i)
    all.push_back(function(workflow));
  REQUIRE(ask<statuses>(subject, atom::host_v, workflow, all));
  REQUIRE(started.size() == all.size());
  std::size_t prepared = 0;
  auto slow = spawn_double<node_actor>(
    [](atom::keep_alive, std::uint64_t) { return node_report{}; },
    [&](atom::prepare, const physical_id&, const component_spec&) {
      ++prepared;
      return caf::delegated<atom::ok>{};
    });
  REQUIRE(join(any<node_id>(), slow, any<boot_id>()));

  tell(subject, atom::intent_v, intent{intent_kind::drain, {}, {full}});
  CHECK(prepared == limits::drain_migrations);
  run_for(limits::node_start);

  CHECK(prepared == all.size());
}
