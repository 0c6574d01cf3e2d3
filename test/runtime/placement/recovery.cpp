// SPDX-License-Identifier: MIT
#include "runtime/placement/recovery.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace edgeless;

namespace {

struct recovery_fixture {
  template <class Id>
  Id any() {
    return draw<Id>(random);
  }

  physical_id add(const logical_id& component, std::uint64_t revision,
                  bool is_frozen = false) {
    inventory_record record;
    record.component = component;
    record.instance = any<physical_id>();
    record.outputs_revision = revision;
    record.frozen = is_frozen;
    x.add(record, session);
    return record.instance;
  }

  std::vector<physical_id> claim(const logical_id& component) {
    std::vector<physical_id> result;
    for (auto& y : x.claim([&](auto& id) { return id == component; }))
      result.push_back(y.record.instance);
    return result;
  }

  random_source random = [n = std::mt19937_64{}]() mutable {
    return n();
  };
  session_id session = any<session_id>();
  recovery x;
};

} // namespace

TEST_CASE_FIXTURE(
  recovery_fixture,
  "recovery: is over at once if the controller has no workflow") {
  CHECK(!x.is_over());

  CHECK(!x.on_workflows_named({}, false));

  CHECK(x.is_over());
}

TEST_CASE_FIXTURE(recovery_fixture,
                  "recovery: waits for named workflows and for nodes") {
  auto workflow = any<workflow_id>();

  CHECK(x.on_workflows_named({workflow}, true));
  CHECK(!x.on_workflows_named({workflow}, true)); // one timer
  CHECK(!x.on_hosted(any<workflow_id>()));
  CHECK(x.on_hosted(workflow));
  CHECK(!x.is_over());
  x.on_timeout();

  CHECK(x.is_over());
}

TEST_CASE_FIXTURE(
  recovery_fixture,
  "recovery: is not over while a named workflow is not hosted") {
  auto workflow = any<workflow_id>();
  x.on_workflows_named({workflow}, true);

  x.on_timeout();

  CHECK(!x.is_over());
}

TEST_CASE_FIXTURE(recovery_fixture,
                  "recovery: running orphans are claimed before frozen ones, "
                  "newer ones before older ones") {
  auto component = any<logical_id>();
  auto frozen = add(component, 9, true);
  auto older = add(component, 1);
  auto newer = add(component, 2);
  auto other = add(any<logical_id>(), 3);

  CHECK(claim(component) == std::vector{newer, older, frozen});
  REQUIRE(x.orphans().size() == 1);
  CHECK(x.orphans()[0].record.instance == other);
}

TEST_CASE_FIXTURE(recovery_fixture,
                  "recovery: the orphans of a lost session are forgotten") {
  add(any<logical_id>(), 1);

  x.forget(any<session_id>());
  CHECK(x.orphans().size() == 1);
  x.forget(session);
  CHECK(x.orphans().empty());
}

TEST_CASE_FIXTURE(recovery_fixture,
                  "recovery: an orphan keeps the fingerprint of its state") {
  auto instance = add(any<logical_id>(), 1);

  x.on_state_synced(instance, 7);

  CHECK(x.orphans()[0].record.state == 7);
}
