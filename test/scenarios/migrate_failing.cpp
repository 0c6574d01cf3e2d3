// SPDX-License-Identifier: MIT
#include "test/fixtures/migration_fixture.hpp"

#include <algorithm>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// More message deliveries than a migration takes.
constexpr int moments = 90;

/// Injects a fault into a migration of "middle", after each delivery of it.
template <class Fault, class Check>
void at_each_moment(Fault inject, Check check) {
  for (int n = 0; n < moments; ++n) {
    INFO("after ", n, " deliveries");
    migration_fixture x;
    x.start_chain();
    x.drive(20);
    x.begin_migration("middle", "node-4");
    x.drive(n);
    inject(x);
    x.drive(100);
    x.rest();
    check(x);
    CHECK(x.outcomes.size() == 1);
  }
}

void check_placement(migration_fixture& x) {
  CHECK(x.nodes_running("middle").size() == 1);
  CHECK(x.placed_on("middle") == x.nodes_running("middle").front());
  CHECK(x.accounted());
  x.seen.clear();
  x.cast_to("middle", "7");
  CHECK(x.seen == std::vector{7});
}

/// Forwards casts, but traps in init on node-4.
script trap_on_node_4(migration_fixture& x) {
  return [&x](guest_host& host, const guest_event& e) -> step {
    if (e.kind == hook::init && x.node_of(host) == "node-4")
      return trap{"not here"};
    if (e.kind == hook::cast)
      host.cast("out", e.payload);
    return {};
  };
}

} // namespace

TEST_CASE_FIXTURE(
  migration_fixture,
  "failed migration: a trap in init on the target keeps the source") {
  scripts["pass"] = trap_on_node_4(*this);
  start_chain();
  drive(20);

  auto result = migrate("middle", "node-4");
  drive(100);
  rest();

  REQUIRE(!result);
  CHECK(explain(result.error()) == "not here");
  CHECK(placed_on("middle") == "node-2");
  CHECK(status_of("middle").restarts == 0);
  CHECK(is_intact());
  CHECK(is_lossless());
}

TEST_CASE_FIXTURE(migration_fixture,
                  "failed migration: the thawed instance can migrate again") {
  scripts["pass"] = trap_on_node_4(*this);
  start_chain();
  REQUIRE(!migrate("middle", "node-4"));
  drive(50);

  auto result = migrate("middle", "node-1");
  drive(50);
  rest();

  CHECK(result);
  CHECK(placed_on("middle") == "node-1");
  CHECK(is_intact());
  CHECK(is_lossless());
}

TEST_CASE_FIXTURE(
  migration_fixture,
  "failed migration: a delayed cast due while frozen is sent on thaw") {
  pumping = false;
  scripts["pass"] = [this](guest_host& host, const guest_event& e) -> step {
    if (e.kind == hook::init && node_of(host) == "node-4")
      return trap{"not here"};
    if (e.payload == "later")
      (void)host.delayed_cast(1ms, "out", "7");
    return {};
  };
  start_chain();
  cast_to("middle", "later");
  begin_migration("middle", "node-4");
  drive(100);
  rest();

  CHECK(seen == std::vector{7});
}

TEST_CASE("failed migration: the source node may die at any moment") {
  at_each_moment([](migration_fixture& x) { x.kill("node-2"); },
                 [](migration_fixture& x) { check_placement(x); });
}

TEST_CASE("failed migration: no event waits for the markers of a dead source") {
  for (int n = 0; n < moments; ++n) {
    INFO("after ", n, " deliveries");
    migration_fixture x;
    x.start_chain();
    x.drive(20);
    x.begin_migration("middle", "node-4");
    x.drive(n);
    x.kill("node-2");
    x.run_until_idle();
    x.cast_to("source", "go");

    // The clock has not advanced: no event waited for a marker to expire.
    CHECK(std::ranges::count(x.seen, x.made - 1) == 1);
    x.rest();
    CHECK(x.accounted());
  }
}

TEST_CASE("failed migration: the target node may die at any moment") {
  at_each_moment([](migration_fixture& x) { x.kill("node-4"); },
                 [](migration_fixture& x) {
                   check_placement(x);
                   CHECK(x.placed_on("middle") != "node-4");
                 });
}

TEST_CASE("failed migration: a target death before the switch loses nothing") {
  for (int n = 0; n < moments; ++n) {
    migration_fixture x;
    x.start_chain();
    x.drive(20);
    x.begin_migration("middle", "node-4");
    x.drive(n);
    if (!x.outcomes.empty())
      break;
    x.kill("node-4");
    if (x.outcomes.size() == 1 && x.outcomes[0])
      break;
    x.drive(100);
    x.rest();
    INFO("after ", n, " deliveries");
    CHECK(x.placed_on("middle") == "node-2");
    CHECK(x.is_intact());
  }
}

TEST_CASE("failed migration: feeder and sink nodes may die at any moment") {
  for (auto neighbour : {"node-1", "node-3"})
    at_each_moment([&](migration_fixture& x) { x.kill(neighbour); },
                   [](migration_fixture& x) { check_placement(x); });
}

TEST_CASE(
  "failed migration: either node's connection may break at any moment") {
  for (auto node : {"node-2", "node-4"})
    at_each_moment([&](migration_fixture& x) { x.reset(node, "domain-1"); },
                   [](migration_fixture& x) {
                     check_placement(x);
                     CHECK(x.balanced_except_lost());
                   });
}

TEST_CASE("failed migration: the links between nodes may break at any moment") {
  for (auto [a, b] : {std::pair{"node-2", "node-4"},
                      {"node-1", "node-4"},
                      {"node-1", "node-2"},
                      {"node-4", "node-3"}})
    at_each_moment([&](migration_fixture& x) { x.reset(a, b); },
                   [](migration_fixture& x) {
                     CHECK(x.placed_on("middle") == "node-4");
                     CHECK(x.is_lossless());
                     CHECK(x.seen.size() == static_cast<std::size_t>(x.made));
                   });
}

TEST_CASE("failed migration: the instance may crash at any moment") {
  for (int n = 0; n < moments; ++n) {
    INFO("after ", n, " deliveries");
    migration_fixture x;
    x.scripts["pass"] = [](guest_host& host, const guest_event& e) -> step {
      if (e.payload == "die")
        return trap{"told to die"};
      if (e.kind == hook::cast)
        host.cast("out", e.payload);
      return {};
    };
    x.start_chain();
    x.drive(20);
    auto old = x.status_of("middle").instance;
    x.begin_migration("middle", "node-4");
    x.drive(n);
    if (x.node_of(old) == "node-2")
      x.enqueue_cast("node-2", old, "die");
    x.drive(100);
    x.rest();
    check_placement(x);
    CHECK(x.balanced());
  }
}

TEST_CASE("failed migration: the workflow may be stopped at any moment") {
  for (int n = 0; n < moments; ++n) {
    INFO("after ", n, " deliveries");
    migration_fixture x;
    x.pumping = false;
    x.start_chain();
    auto workflow = x.status.id;
    x.begin_migration("middle", "node-4");
    x.run(n);
    x.stop(workflow);
    x.run_for(40s);
    for (auto& node : x.nodes())
      CHECK(x.node_state_of(node).instances.empty());
    CHECK(x.outcomes.size() == 1);
    CHECK(x.balanced());
  }
}

TEST_CASE("failed migration: a silent target node ends it by timeout") {
  migration_fixture x;
  x.start_chain();
  x.cut("node-4");
  x.begin_migration("middle", "node-4");
  x.drive(100);
  x.run_for(10s);
  x.rest();

  REQUIRE(x.outcomes.size() == 1);
  CHECK(!x.outcomes[0]);
  CHECK(x.placed_on("middle") == "node-2");
  CHECK(x.is_intact());
}

TEST_CASE(
  "failed migration: a source that returns frozen is thawed or stopped") {
  for (int n = 0; n < moments; ++n) {
    INFO("after ", n, " deliveries");
    migration_fixture x;
    x.start_chain();
    x.drive(20);
    x.begin_migration("middle", "node-4");
    x.drive(n);
    x.cut("node-2");
    x.pumping = false;
    x.run_for(10s);
    x.reconnect("node-2");
    x.run_for(10s);
    x.rest();
    check_placement(x);
  }
}
