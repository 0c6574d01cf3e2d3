// SPDX-License-Identifier: MIT
#include "test/fixtures/migration_fixture.hpp"

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// A function that syncs what it is told and says what it starts with, and
/// three nodes.
struct keeping : world {
  keeping() {
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

  void keep(const std::string& policy) {
    start({function("f", "keeper", {}, {{"state_policy", policy}})});
  }

  /// What its replacement starts with, when its node dies.
  std::string inherited() {
    kill(placed_on("f"));
    REQUIRE(placed_on("f") != "nowhere");
    auto said = journal.back();
    return said.substr(said.find("<- ") + 3);
  }
};

} // namespace

TEST_CASE_FIXTURE(keeping,
                  "a Global state survives an orchestrator, then its node") {
  keep("Global");
  cast_to("f", "one");
  run_for(1s);

  restart_domain();
  run_for(3s);

  CHECK(status_of("f").restarts == 0);
  CHECK(inherited() == "one");
}

TEST_CASE_FIXTURE(keeping, "a NodeLocal state does not") {
  keep("NodeLocal");
  cast_to("f", "one");
  run_for(1s);

  restart_domain();
  run_for(3s);

  CHECK(status_of("f").restarts == 0);
  CHECK(inherited().empty());
}

TEST_CASE_FIXTURE(keeping, "its node may die as soon as it was adopted") {
  keep("Global");
  cast_to("f", "one");
  auto before = status_of("f");
  auto there = placed_on("f");
  restart_domain();
  auto adopted = [&] {
    auto& all = orchestrator_state_of().components;
    auto i = all.find(before.id);
    return i != all.end() && i->second.instance == before.instance;
  };
  for (int i = 0; i < 100 && !adopted(); ++i)
    run_for(10ms);
  REQUIRE(adopted());

  kill(there);
  run_for(3s);

  CHECK(journal.back().ends_with("<- one"));
}

TEST_CASE_FIXTURE(keeping, "what is synced without an orchestrator survives") {
  keep("Global");
  cast_to("f", "one");
  run_for(1s);
  auto before = status_of("f").instance;
  auto there = placed_on("f");
  kill_domain("domain-1");
  cast_to(there, before, "two");
  run_for(5s);
  add_domain("domain-1");
  run_for(3s);

  CHECK(inherited() == "two");
}

TEST_CASE_FIXTURE(keeping, "what is synced before anybody claims it survives") {
  keep("Global");
  auto before = status_of("f").instance;
  auto there = placed_on("f");
  cut("controller", "domain-1");
  restart_domain();
  run_for(1s);
  REQUIRE(orchestrator_state_of().components.empty());

  cast_to(there, before, "one");
  reconnect("controller", "domain-1");
  run_for(10s);

  CHECK(status_of("f").instance == before);
  CHECK(inherited() == "one");
}

TEST_CASE_FIXTURE(keeping, "a state that was inherited survives, too") {
  keep("Global");
  cast_to("f", "one");
  run_for(1s);
  REQUIRE(inherited() == "one");

  restart_domain();
  run_for(3s);

  CHECK(inherited() == "one");
}

TEST_CASE_FIXTURE(keeping, "a state that has moved survives, too") {
  keep("Global");
  cast_to("f", "one");
  auto to = placed_on("f") == "node-1" ? "node-2" : "node-1";
  REQUIRE(migrate("f", to));
  run_for(6s);

  restart_domain();
  run_for(3s);

  CHECK(placed_on("f") == to);
  CHECK(inherited() == "one");
}

TEST_CASE_FIXTURE(keeping, "what never synced is not asked for") {
  keep("Global");

  restart_domain();
  run_for(3s);

  CHECK(inherited().empty());
}

// -- moves that an orchestrator and a node die over ---------------------------

TEST_CASE("the old node may die, too, when a move was forgotten") {
  for (int turns = 0; turns < 80; turns += 2) {
    INFO("turns ", turns);
    movers x;
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
