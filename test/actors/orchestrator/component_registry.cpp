// SPDX-License-Identifier: MIT
#include "actors/orchestrator/component_registry.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace edgeless;

namespace {

struct component_registry_fixture {
  component_registry_fixture() {
    component_spec spec;
    spec.id = id;
    x.add(spec, {});
  }

  template <class Id>
  Id any() {
    return draw<Id>(random);
  }

  endpoint run_in(const session_id& session) {
    endpoint at;
    at.node = any<node_id>();
    at.session = session;
    at.instance = any<physical_id>();
    x.on_moved(id, at);
    return at;
  }

  using ids = std::set<logical_id>;

  random_source random = [n = std::mt19937_64{}]() mutable {
    return n();
  };
  logical_id id = any<logical_id>();
  session_id here = any<session_id>();
  session_id there = any<session_id>();
  std::shared_ptr<domain_counters> counts = std::make_shared<domain_counters>();
  component_registry x{counts};
};

} // namespace

TEST_CASE_FIXTURE(component_registry_fixture,
                  "component registry: the loss of a session concerns what is "
                  "being started there") {
  x.assign(id, here);

  CHECK(x.take(there).empty());
  CHECK(x.take(here) == ids{id});
  CHECK(x.take(here).empty());
}

TEST_CASE_FIXTURE(component_registry_fixture,
                  "component registry: a component that has moved is not "
                  "concerned by its former session") {
  run_in(here);
  run_in(there);

  CHECK(x.take(here).empty());
  CHECK(x.assigned_to(there) == std::vector{id});
  CHECK(counts->relocations == 1);
  CHECK(counts->running == 1);
}

TEST_CASE_FIXTURE(component_registry_fixture,
                  "component registry: a migration target concerns it as long "
                  "as one migration goes there") {
  run_in(here);
  x.expect(id, there);
  x.expect(id, there);
  x.withdraw_expected(id, there);
  CHECK(x.assigned_to(there).empty());

  SUBCASE("one is under way") {
    CHECK(x.take(there) == ids{id});
  }
  SUBCASE("none is under way") {
    x.withdraw_expected(id, there);
    CHECK(x.take(there).empty());
  }
  CHECK(x.take(here) == ids{id});
}

TEST_CASE_FIXTURE(component_registry_fixture,
                  "component registry: a component is unplaced while no "
                  "instance runs") {
  CHECK(x.unplaced() == ids{id});
  run_in(here);
  CHECK(x.unplaced().empty());

  x.on_moved(id, {});

  CHECK(x.unplaced() == ids{id});
  CHECK(counts->running == 0);
  CHECK(x.take(here).empty());
}

TEST_CASE_FIXTURE(component_registry_fixture,
                  "component registry: the digest covers what runs in a "
                  "session") {
  CHECK(x.digest_of(here) == 0);
  x.assign(id, here);
  CHECK(x.digest_of(here) == 0);

  auto at = run_in(here);

  CHECK(x.digest_of(here) == digest(at.instance));
}

TEST_CASE_FIXTURE(component_registry_fixture,
                  "component registry: a removed component is in no index") {
  run_in(here);
  x.expect(id, there);

  x.remove(id);

  CHECK(x.find(id) == nullptr);
  CHECK(x.take(here).empty());
  CHECK(x.take(there).empty());
  CHECK(x.unplaced().empty());
  CHECK(counts->components == 0);
}
