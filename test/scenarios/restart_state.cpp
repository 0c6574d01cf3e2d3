// SPDX-License-Identifier: MIT
#include "test/fixtures/migration_fixture.hpp"

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// Three nodes and a function that syncs each payload and writes the state that
/// it starts with to the journal.
struct state_fixture : world {
  state_fixture() {
    scripts["keeper"] = [this](guest_host& host, const guest_event& x) -> step {
      if (x.kind == hook::init)
        note(host, "init", " <- " + x.state);
      if (x.kind == hook::cast)
        CHECK(!host.sync(x.payload));
      return {};
    };
    for (auto name : {"node-1", "node-2", "node-3"})
      add_node(name);
  }

  void start_keeper(const std::string& policy) {
    start({function("f", "keeper", {}, {{"state_policy", policy}})});
  }

  /// Kills the node of the function; returns the state that the replacement
  /// starts with.
  std::string state_after_failover() {
    kill(home("f"));
    REQUIRE(home("f") != "nowhere");
    auto line = journal.back();
    return line.substr(line.find("<- ") + 3);
  }
};

} // namespace

TEST_CASE_FIXTURE(
  state_fixture,
  "restart state: a Global state survives the orchestrator and then its node") {
  start_keeper("Global");
  cast_to("f", "one");
  pass(1s);

  restart_domain();
  pass(3s);

  CHECK(look("f").restarts == 0);
  CHECK(state_after_failover() == "one");
}

TEST_CASE_FIXTURE(
  state_fixture, "restart state: a NodeLocal state does not survive its node") {
  start_keeper("NodeLocal");
  cast_to("f", "one");
  pass(1s);

  restart_domain();
  pass(3s);

  CHECK(look("f").restarts == 0);
  CHECK(state_after_failover().empty());
}

TEST_CASE_FIXTURE(
  state_fixture,
  "restart state: the node may fail as soon as its instance was adopted") {
  start_keeper("Global");
  cast_to("f", "one");
  auto before = look("f");
  auto node = home("f");
  restart_domain();
  auto adopted = [&] {
    auto* x = inside_domain().components->find(before.id);
    return x != nullptr && x->instance == before.instance;
  };
  for (int i = 0; i < 100 && !adopted(); ++i)
    pass(10ms);
  REQUIRE(adopted());

  kill(node);
  pass(3s);

  CHECK(journal.back().ends_with("<- one"));
}

TEST_CASE_FIXTURE(
  state_fixture,
  "restart state: a state synced without an orchestrator survives") {
  start_keeper("Global");
  cast_to("f", "one");
  pass(1s);
  auto before = look("f").instance;
  auto node = home("f");
  kill_domain("domain-1");
  cast_to(node, before, "two");
  pass(5s);
  add_domain("domain-1");
  pass(3s);

  CHECK(state_after_failover() == "two");
}

TEST_CASE_FIXTURE(state_fixture,
                  "restart state: a state synced by an orphan survives") {
  start_keeper("Global");
  auto before = look("f").instance;
  auto node = home("f");
  cut("controller", "domain-1");
  restart_domain();
  pass(1s);
  REQUIRE(inside_domain().components->all().empty());

  cast_to(node, before, "one");
  mend("controller", "domain-1");
  pass(10s);

  CHECK(look("f").instance == before);
  CHECK(state_after_failover() == "one");
}

TEST_CASE_FIXTURE(
  state_fixture,
  "restart state: a state inherited from a predecessor survives") {
  start_keeper("Global");
  cast_to("f", "one");
  pass(1s);
  REQUIRE(state_after_failover() == "one");

  restart_domain();
  pass(3s);

  CHECK(state_after_failover() == "one");
}

TEST_CASE_FIXTURE(state_fixture, "restart state: a migrated state survives") {
  start_keeper("Global");
  cast_to("f", "one");
  auto to = home("f") == "node-1" ? "node-2" : "node-1";
  REQUIRE(migrate("f", to));
  pass(6s);

  restart_domain();
  pass(3s);

  CHECK(home("f") == to);
  CHECK(state_after_failover() == "one");
}

TEST_CASE_FIXTURE(state_fixture,
                  "restart state: an instance that never synced has no state") {
  start_keeper("Global");

  restart_domain();
  pass(3s);

  CHECK(state_after_failover().empty());
}

// -- a migration that both an orchestrator and a node fail over ---------------

TEST_CASE(
  "restart state: the source node may fail after a forgotten migration") {
  for (int turns = 0; turns < 80; turns += 2) {
    INFO("turns ", turns);
    movers x;
    x.start_chain();
    x.begin_move("middle", "node-4");
    x.drive(turns);
    x.restart_domain();
    x.pass(std::chrono::milliseconds{turns * 10});
    x.kill("node-2");
    x.pass(3s);

    CHECK(x.sightings("middle").size() == 1);
    CHECK(x.home("middle") == x.sightings("middle").front());
    x.rest();
    CHECK(x.accounted());
  }
}
