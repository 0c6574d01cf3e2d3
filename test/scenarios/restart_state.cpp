// SPDX-License-Identifier: MIT
#include "test/fixtures/migration_fixture.hpp"

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// Three nodes and a function that syncs each payload and writes the state that
/// it starts with to the journal.
struct state_fixture : world {
  state_fixture() {
    scripts["stateful"]
      = [this](guest_host& host, const guest_event& x) -> step {
      if (x.kind == hook::init)
        note(host, "init", " <- " + x.state);
      if (x.kind == hook::cast)
        CHECK(!host.sync(x.payload));
      return {};
    };
    for (auto name : {"node-1", "node-2", "node-3"})
      add_node(name);
  }

  void start_stateful(const std::string& policy) {
    start({function("f", "stateful", {}, {{"state_policy", policy}})});
  }

  /// Kills the node of the function; returns the state that the replacement
  /// starts with.
  std::string state_after_failover() {
    kill(placed_on("f"));
    REQUIRE(placed_on("f") != "nowhere");
    auto line = journal.back();
    return line.substr(line.find("<- ") + 3);
  }
};

} // namespace

TEST_CASE_FIXTURE(
  state_fixture,
  "restart state: a Global state survives the orchestrator and then its node") {
  start_stateful("Global");
  cast_to("f", "one");
  run_for(1s);

  restart_domain();
  run_for(3s);

  CHECK(status_of("f").restarts == 0);
  CHECK(state_after_failover() == "one");
}

TEST_CASE_FIXTURE(
  state_fixture, "restart state: a NodeLocal state does not survive its node") {
  start_stateful("NodeLocal");
  cast_to("f", "one");
  run_for(1s);

  restart_domain();
  run_for(3s);

  CHECK(status_of("f").restarts == 0);
  CHECK(state_after_failover().empty());
}

TEST_CASE_FIXTURE(
  state_fixture,
  "restart state: the node may fail as soon as its instance was adopted") {
  start_stateful("Global");
  cast_to("f", "one");
  auto before = status_of("f");
  auto node = placed_on("f");
  restart_domain();
  auto adopted = [&] {
    auto* x = orchestrator_state_of().components->find(before.id);
    return x != nullptr && x->instance == before.instance;
  };
  for (int i = 0; i < 100 && !adopted(); ++i)
    run_for(10ms);
  REQUIRE(adopted());

  kill(node);
  run_for(3s);

  CHECK(journal.back().ends_with("<- one"));
}

TEST_CASE_FIXTURE(
  state_fixture,
  "restart state: a state synced without an orchestrator survives") {
  start_stateful("Global");
  cast_to("f", "one");
  run_for(1s);
  auto before = status_of("f").instance;
  auto node = placed_on("f");
  kill_domain("domain-1");
  cast_to(node, before, "two");
  run_for(5s);
  add_domain("domain-1");
  run_for(3s);

  CHECK(state_after_failover() == "two");
}

TEST_CASE_FIXTURE(state_fixture,
                  "restart state: a state synced by an orphan survives") {
  start_stateful("Global");
  auto before = status_of("f").instance;
  auto node = placed_on("f");
  cut("controller", "domain-1");
  restart_domain();
  run_for(1s);
  REQUIRE(orchestrator_state_of().components->all().empty());

  cast_to(node, before, "one");
  reconnect("controller", "domain-1");
  run_for(10s);

  CHECK(status_of("f").instance == before);
  CHECK(state_after_failover() == "one");
}

TEST_CASE_FIXTURE(
  state_fixture,
  "restart state: a state inherited from a predecessor survives") {
  start_stateful("Global");
  cast_to("f", "one");
  run_for(1s);
  REQUIRE(state_after_failover() == "one");

  restart_domain();
  run_for(3s);

  CHECK(state_after_failover() == "one");
}

TEST_CASE_FIXTURE(state_fixture, "restart state: a migrated state survives") {
  start_stateful("Global");
  cast_to("f", "one");
  auto to = placed_on("f") == "node-1" ? "node-2" : "node-1";
  REQUIRE(migrate("f", to));
  run_for(6s);

  restart_domain();
  run_for(3s);

  CHECK(placed_on("f") == to);
  CHECK(state_after_failover() == "one");
}

TEST_CASE_FIXTURE(state_fixture,
                  "restart state: an instance that never synced has no state") {
  start_stateful("Global");

  restart_domain();
  run_for(3s);

  CHECK(state_after_failover().empty());
}

// -- a migration that both an orchestrator and a node fail over ---------------

TEST_CASE(
  "restart state: the source node may fail after a forgotten migration") {
  for (int turns = 0; turns < 80; turns += 2) {
    INFO("turns ", turns);
    migration_fixture x;
    x.start_chain();
    x.begin_migration("middle", "node-4");
    x.drive(turns);
    x.restart_domain();
    x.run_for(std::chrono::milliseconds{turns * 10});
    x.kill("node-2");
    x.run_for(3s);

    CHECK(x.nodes_running("middle").size() == 1);
    CHECK(x.placed_on("middle") == x.nodes_running("middle").front());
    x.rest();
    CHECK(x.accounted());
  }
}
