// SPDX-License-Identifier: MIT
#include "test/fixtures/migration_fixture.hpp"
#include "test/fixtures/temporary_folder.hpp"

#include <algorithm>
#include <fstream>

using namespace edgeless;
using namespace edgeless::test;

namespace {

constexpr std::uint64_t seeds = 25;

/// Migrates members of a chain under load, with shuffled deliveries.
void check_chain(const std::vector<std::pair<std::string, std::string>>& plan) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    INFO("seed ", seed);
    migration_fixture x{seed};
    x.start_chain();
    std::map<std::string, logical_id> ids;
    for (auto& [name, node] : plan)
      ids[name] = x.status_of(name).id;
    x.drive(40);
    for (auto& [name, node] : plan) {
      x.begin_migration(ids[name], x.id_of(node));
      x.drive(static_cast<int>(3 * seed));
    }
    x.drive(400);
    x.rest();

    CHECK(x.made > 30);
    CHECK(x.is_intact());
    CHECK(x.is_lossless());
    CHECK(x.outcomes.size() == plan.size());
    for (auto& y : x.outcomes)
      CHECK(y);
    for (auto& [name, node] : plan)
      CHECK(x.nodes_running(name).size() == 1);
    // Shuffled deliveries may let another migration be the last one.
    auto& last = plan.back().first;
    CHECK(std::ranges::count(plan, std::pair{last, x.placed_on(last)}) == 1);
    CHECK(x.status_of(plan.back().first).restarts == 0);
  }
}

} // namespace

TEST_CASE_FIXTURE(migration_fixture,
                  "migration: moves a function to the requested node") {
  start_chain();

  auto result = migrate("middle", "node-4");

  REQUIRE(result);
  CHECK(*result == "middle has moved to node " + to_string(id_of("node-4")));
  CHECK(placed_on("middle") == "node-4");
  CHECK(nodes_running("middle") == lines{"node-4"});
}

TEST_CASE_FIXTURE(migration_fixture,
                  "migration: leaves no instance on the source node") {
  pumping = false;
  start_chain();
  auto before = registry("node-2").size();

  REQUIRE(migrate("middle", "node-4"));
  run_for(6s);

  CHECK(registry("node-2").size() + 1 == before);
  CHECK(node_state_of("node-2").instances.empty());
}

TEST_CASE("migration: a source loses, duplicates and reorders nothing") {
  check_chain({{"source", "node-4"}});
}

TEST_CASE(
  "migration: a middle function loses, duplicates and reorders nothing") {
  check_chain({{"middle", "node-4"}});
}

TEST_CASE("migration: a sink loses, duplicates and reorders nothing") {
  check_chain({{"sink", "node-4"}});
}

TEST_CASE("migration: onto the node of a neighbour loses nothing") {
  check_chain({{"source", "node-2"}});
  check_chain({{"sink", "node-2"}});
  check_chain({{"middle", "node-1"}});
}

TEST_CASE("migration: consecutive migrations of one function lose nothing") {
  check_chain({{"middle", "node-4"}, {"middle", "node-1"}});
  check_chain({{"sink", "node-4"}, {"sink", "node-1"}, {"sink", "node-2"}});
}

TEST_CASE("migration: both ends of a channel may migrate at the same time") {
  check_chain({{"source", "node-4"}, {"middle", "node-3"}});
  check_chain({{"middle", "node-4"}, {"sink", "node-4"}});
  check_chain({{"source", "node-4"}, {"middle", "node-1"}, {"sink", "node-2"}});
}

TEST_CASE("migration: both ends of a channel may migrate repeatedly") {
  check_chain({{"middle", "node-4"},
               {"sink", "node-1"},
               {"middle", "node-3"},
               {"sink", "node-2"},
               {"source", "node-4"},
               {"middle", "node-1"}});
}

TEST_CASE("migration: the feeders of a migrating sink keep their order") {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    migration_fixture x{seed};
    std::map<instance_id, std::vector<int>> from;
    x.scripts["count"] = [&](guest_host&, const guest_event& e) -> step {
      if (e.kind == hook::cast)
        from[e.source].push_back(std::stoi(e.payload));
      return {};
    };
    x.start({function("a", "pump", {{"out", "sink"}}),
             function("b", "pump", {{"out", "sink"}}),
             function("c", "pump", {{"out", "sink"}}),
             function("sink", "count")});
    x.begin_migration("sink",
                      x.placed_on("sink") == "node-2" ? "node-1" : "node-2");
    x.drive(400);
    x.rest();

    std::size_t sum = 0;
    for (auto& [source, all] : from) {
      sum += all.size();
      CHECK(std::ranges::is_sorted(all));
    }
    CHECK(sum == static_cast<std::size_t>(x.made));
    CHECK(from.size() == 3);
    CHECK(x.is_lossless());
  }
}

TEST_CASE("migration: a migrating fan-out keeps the order of each channel") {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    migration_fixture x{seed};
    x.scripts["fan"] = [](guest_host& host, const guest_event& e) -> step {
      if (e.kind == hook::cast)
        for (auto channel : {"l", "r"})
          host.cast(channel, e.payload);
      return {};
    };
    x.start({function("source", "pump", {{"out", "fan"}}),
             function("fan", "fan", {{"l", "left"}, {"r", "right"}}),
             function("left", "pass", {{"out", "sink"}}),
             function("right", "pass"), function("sink", "count")});
    x.begin_migration("fan",
                      x.placed_on("fan") == "node-3" ? "node-1" : "node-3");
    x.begin_migration("left",
                      x.placed_on("left") == "node-2" ? "node-1" : "node-2");
    x.drive(400);
    x.rest();

    CHECK(x.is_intact());
    CHECK(x.balanced());
    CHECK(x.dropped(drop_reason::unmapped)
          == static_cast<std::uint64_t>(x.made));
  }
}

TEST_CASE_FIXTURE(
  migration_fixture,
  "migration: a timer-driven source neither stops nor doubles its rate") {
  start_chain();
  REQUIRE(migrate("source", "node-4"));
  run_for(6s);
  auto before = beats;

  run_for(100ms);

  CHECK(beats - before == 100);
}

TEST_CASE_FIXTURE(migration_fixture,
                  "migration: a resource migrates and misses no event") {
  auto path = (files / "log").string();
  add_node("node-5", providing("file-log"));
  add_node("node-6", providing("file-log"));
  start({function("source", "pump", {{"out", "log"}}),
         resource("log", "file-log", {{"filename", path}})});
  auto old = placed_on("log");
  begin_migration("log", old == "node-5" ? "node-6" : "node-5");
  drive(300);
  rest();

  CHECK(placed_on("log") != old);
  std::ifstream in{path};
  int n = 0;
  for (std::string line; std::getline(in, line); ++n)
    CHECK(line == std::to_string(n));
  CHECK(n == made);
  CHECK(is_lossless());
}

TEST_CASE_FIXTURE(
  migration_fixture,
  "migration: held events leave after the source has migrated") {
  pumping = false;
  add_node("node-0", labelled({"rare"}));
  start({function("source", "pump", {{"out", "sink"}}),
         function("sink", "count", {}, {{"label_match_all", "rare"}})});
  place_all({{"source", "node-1"}});
  kill("node-0");
  pumping = true;
  run_for(110ms);
  auto early = made;
  begin_migration("source", "node-4");
  drive(100);
  pumping = false;

  add_node("node-5", labelled({"rare"}));
  run_for(12s);

  CHECK(early > 5);
  CHECK(placed_on("source") == "node-4");
  CHECK(is_intact());
  CHECK(is_lossless());
}

// -- calls --------------------------------------------------------------------

TEST_CASE("migration: calls are answered while caller or callee migrates") {
  for (auto mover : {"asker", "server"})
    for (int turns = 0; turns < 60; ++turns) {
      INFO(mover, " moves, asked after ", turns);
      migration_fixture x;
      x.start({function("asker", "asker", {{"out", "server"}}),
               function("server", "server")});
      x.place_all({{"asker", "node-1"}, {"server", "node-2"}});
      auto asker = x.status_of("asker").instance;
      x.begin_migration(mover, "node-4");
      x.run(turns);
      if (x.node_of(asker) != "node-1")
        break;
      x.enqueue_cast("node-1", asker, "a");
      x.run_for(12s);

      REQUIRE(x.journal.size() == 1);
      CHECK(x.journal[0].ends_with(" = re a"));
      CHECK(x.placed_on(mover) == "node-4");
      CHECK(x.is_lossless());
    }
}

TEST_CASE_FIXTURE(migration_fixture,
                  "migration: an instance in a call migrates after the reply") {
  start({function("asker", "asker", {{"out", "server"}}),
         function("server", "server", {{"out", "asker"}})});
  place_all({{"asker", "node-1"}, {"server", "node-2"}});
  cast_to("asker", "never");
  auto result = migrate("server", "node-4");

  CHECK(result);
  CHECK(journal.size() == 1);
  CHECK(placed_on("server") == "node-4");
}

TEST_CASE_FIXTURE(
  migration_fixture,
  "migration: fails when a call outlasts it, and the instance goes on") {
  start({function("asker", "asker", {{"out", "server"}},
                  {{"call_timeout_ms", "60000"}}),
         function("server", "server", {{"out", "asker"}},
                  {{"call_timeout_ms", "60000"}})});
  place_all({{"asker", "node-1"}, {"server", "node-2"}});
  cast_to("asker", "never");

  auto result = migrate("server", "node-4");
  run_for(60s);
  cast_to("asker", "a");

  REQUIRE(!result);
  CHECK(placed_on("server") == "node-2");
  CHECK(nodes_running("server") == lines{"node-2"});
  CHECK(journal.back() == "asker@node-1 = re a");
}

// -- state --------------------------------------------------------------------

TEST_CASE_FIXTURE(migration_fixture,
                  "migration: a NodeLocal state stays on its node") {
  start({function("f", "tally")});
  place_all({{"f", "node-1"}});
  cast_to("f", "x");
  cast_to("f", "x");
  REQUIRE(migrate("f", "node-4"));
  cast_to("f", "x");

  REQUIRE(migrate("f", "node-1"));
  cast_to("f", "x");

  CHECK(journal
        == lines{"tally@node-1 1", "tally@node-1 2", "tally@node-4 1",
                 "tally@node-1 1"});
}

TEST_CASE_FIXTURE(migration_fixture,
                  "migration: a Global state follows the instance") {
  start({function("f", "tally", {}, {{"state_policy", "Global"}})});
  place_all({{"f", "node-1"}});
  cast_to("f", "x");
  cast_to("f", "x");

  REQUIRE(migrate("f", "node-4"));
  cast_to("f", "x");
  REQUIRE(migrate("f", "node-1"));
  cast_to("f", "x");

  CHECK(journal
        == lines{"tally@node-1 1", "tally@node-1 2", "tally@node-4 3",
                 "tally@node-1 4"});
}

TEST_CASE_FIXTURE(migration_fixture,
                  "failover: a Global state survives its node") {
  start({function("f", "tally", {}, {{"state_policy", "Global"}})});
  place_all({{"f", "node-1"}});
  for (int i = 0; i < 5; ++i)
    cast_to("f", "x");
  run_for(1s);

  kill("node-1");
  cast_to("f", "x");

  CHECK(journal.back() == "tally@" + placed_on("f") + " 6");
  CHECK(placed_on("f") != "node-1");
}

TEST_CASE_FIXTURE(migration_fixture,
                  "failover: a NodeLocal state does not survive its node") {
  start({function("f", "tally")});
  place_all({{"f", "node-1"}});
  cast_to("f", "x");
  run_for(1s);

  kill("node-1");
  cast_to("f", "x");

  CHECK(journal.back() == "tally@" + placed_on("f") + " 1");
}

TEST_CASE_FIXTURE(migration_fixture,
                  "migration: a Transient state is gone afterwards") {
  start({function("f", "tally", {}, {{"state_policy", "Transient"}})});
  place_all({{"f", "node-1"}});
  cast_to("f", "x");

  REQUIRE(migrate("f", "node-4"));
  cast_to("f", "x");

  CHECK(journal.back() == "tally@node-4 1");
}
