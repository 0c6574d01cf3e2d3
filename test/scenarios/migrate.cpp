// SPDX-License-Identifier: MIT
#include "test/fixtures/migration_fixture.hpp"
#include "test/fixtures/temporary_folder.hpp"

#include <algorithm>
#include <fstream>

using namespace edgeless;
using namespace edgeless::test;

namespace {

constexpr std::uint64_t seeds = 25;

/// Moves members of a chain under load, in any order of deliveries.
void check_chain(const std::vector<std::pair<std::string, std::string>>& plan) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    INFO("seed ", seed);
    movers x{seed};
    x.start_chain();
    std::map<std::string, logical_id> ids;
    for (auto& [who, where] : plan)
      ids[who] = x.status_of(who).id;
    x.drive(40);
    for (auto& [who, where] : plan) {
      x.begin_migration(ids[who], x.id_of(where));
      x.drive(static_cast<int>(3 * seed));
    }
    x.drive(400);
    x.rest();

    CHECK(x.made > 30);
    CHECK(x.intact());
    CHECK(x.lossless());
    CHECK(x.outcomes.size() == plan.size());
    for (auto& y : x.outcomes)
      CHECK(y);
    for (auto& [who, where] : plan)
      CHECK(x.nodes_running(who).size() == 1);
    // In another order of deliveries, another move is the last one.
    auto& last = plan.back().first;
    CHECK(std::ranges::count(plan, std::pair{last, x.placed_on(last)}) == 1);
    CHECK(x.status_of(plan.back().first).restarts == 0);
  }
}

} // namespace

TEST_CASE_FIXTURE(movers, "a function migrates to where it is told") {
  start_chain();

  auto said = migrate("middle", "node-4");

  REQUIRE(said);
  CHECK(*said == "middle has moved to node " + to_string(id_of("node-4")));
  CHECK(placed_on("middle") == "node-4");
  CHECK(nodes_running("middle") == lines{"node-4"});
}

TEST_CASE_FIXTURE(movers, "who has migrated leaves nothing behind") {
  pumping = false;
  start_chain();
  auto before = registry("node-2").size();

  REQUIRE(migrate("middle", "node-4"));
  run_for(6s);

  CHECK(registry("node-2").size() + 1 == before);
  CHECK(node_state_of("node-2").instances.empty());
}

TEST_CASE("a source that migrates loses, doubles and overtakes nothing") {
  check_chain({{"source", "node-4"}});
}

TEST_CASE("a middle that migrates loses, doubles and overtakes nothing") {
  check_chain({{"middle", "node-4"}});
}

TEST_CASE("a sink that migrates loses, doubles and overtakes nothing") {
  check_chain({{"sink", "node-4"}});
}

TEST_CASE("members that migrate to one node lose nothing") {
  check_chain({{"source", "node-2"}});
  check_chain({{"sink", "node-2"}});
  check_chain({{"middle", "node-1"}});
}

TEST_CASE("two moves in a row lose nothing") {
  check_chain({{"middle", "node-4"}, {"middle", "node-1"}});
  check_chain({{"sink", "node-4"}, {"sink", "node-1"}, {"sink", "node-3"}});
}

TEST_CASE("both ends may move at the same time") {
  check_chain({{"source", "node-4"}, {"middle", "node-3"}});
  check_chain({{"middle", "node-4"}, {"sink", "node-4"}});
  check_chain({{"source", "node-4"}, {"middle", "node-1"}, {"sink", "node-2"}});
}

TEST_CASE("both ends may move again and again") {
  check_chain({{"middle", "node-4"},
               {"sink", "node-1"},
               {"middle", "node-3"},
               {"sink", "node-2"},
               {"source", "node-4"},
               {"middle", "node-1"}});
}

TEST_CASE("many who feed one that moves keep their order") {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    movers x{seed};
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
    x.begin_migration("sink", x.placed_on("sink") == "node-2" ? "node-1" : "node-2");
    x.drive(400);
    x.rest();

    std::size_t sum = 0;
    for (auto& [source, all] : from) {
      sum += all.size();
      CHECK(std::ranges::is_sorted(all));
    }
    CHECK(sum == static_cast<std::size_t>(x.made));
    CHECK(from.size() == 3);
    CHECK(x.lossless());
  }
}

TEST_CASE("who feeds many and moves keeps the order of each") {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    movers x{seed};
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
    x.begin_migration("fan", x.placed_on("fan") == "node-3" ? "node-1" : "node-3");
    x.begin_migration("left", x.placed_on("left") == "node-2" ? "node-1" : "node-2");
    x.drive(400);
    x.rest();

    CHECK(x.intact());
    CHECK(x.balanced());
    CHECK(x.dropped(drop_reason::unmapped)
          == static_cast<std::uint64_t>(x.made));
  }
}

TEST_CASE_FIXTURE(movers, "a generator neither stops nor doubles") {
  start_chain();
  REQUIRE(migrate("source", "node-4"));
  run_for(6s);
  auto before = beats;

  run_for(100ms);

  CHECK(beats - before == 100);
}

TEST_CASE_FIXTURE(movers, "a resource migrates and misses nothing") {
  folder files;
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
  CHECK(lossless());
}

TEST_CASE_FIXTURE(movers, "what waits for nowhere follows in a move") {
  pumping = false;
  add_node("node-0", labelled({"rare"}));
  start({function("source", "pump", {{"out", "sink"}}),
         function("sink", "count", {}, {{"label_match_all", "rare"}})});
  arrange({{"source", "node-1"}});
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
  CHECK(intact());
  CHECK(lossless());
}

// -- calls --------------------------------------------------------------------

TEST_CASE("calls are answered whichever end moves, and when") {
  for (auto mover : {"asker", "server"})
    for (int turns = 0; turns < 60; ++turns) {
      INFO(mover, " moves, asked after ", turns);
      movers x;
      x.start({function("asker", "asker", {{"out", "server"}}),
               function("server", "server")});
      x.arrange({{"asker", "node-1"}, {"server", "node-2"}});
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
      CHECK(x.lossless());
    }
}

TEST_CASE_FIXTURE(movers, "who waits for an answer moves when it has it") {
  start({function("asker", "asker", {{"out", "server"}}),
         function("server", "server", {{"out", "asker"}})});
  arrange({{"asker", "node-1"}, {"server", "node-2"}});
  cast_to("asker", "never");
  auto said = migrate("server", "node-4");

  CHECK(said);
  CHECK(journal.size() == 1);
  CHECK(placed_on("server") == "node-4");
}

TEST_CASE_FIXTURE(movers, "who waits for too long stays, and goes on") {
  start({function("asker", "asker", {{"out", "server"}},
                  {{"call_timeout_ms", "60000"}}),
         function("server", "server", {{"out", "asker"}},
                  {{"call_timeout_ms", "60000"}})});
  arrange({{"asker", "node-1"}, {"server", "node-2"}});
  cast_to("asker", "never");

  auto said = migrate("server", "node-4");
  run_for(60s);
  cast_to("asker", "a");

  REQUIRE(!said);
  CHECK(placed_on("server") == "node-2");
  CHECK(nodes_running("server") == lines{"node-2"});
  CHECK(journal.back() == "asker@node-1 = re a");
}

// -- state --------------------------------------------------------------------

TEST_CASE_FIXTURE(movers, "a state stays behind unless it is Global") {
  start({function("f", "tally")});
  arrange({{"f", "node-1"}});
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

TEST_CASE_FIXTURE(movers, "a Global state goes along") {
  start({function("f", "tally", {}, {{"state_policy", "Global"}})});
  arrange({{"f", "node-1"}});
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

TEST_CASE_FIXTURE(movers, "a Global state survives its node") {
  start({function("f", "tally", {}, {{"state_policy", "Global"}})});
  arrange({{"f", "node-1"}});
  for (int i = 0; i < 5; ++i)
    cast_to("f", "x");
  run_for(1s);

  kill("node-1");
  cast_to("f", "x");

  CHECK(journal.back() == "tally@" + placed_on("f") + " 6");
  CHECK(placed_on("f") != "node-1");
}

TEST_CASE_FIXTURE(movers, "a NodeLocal state does not survive its node") {
  start({function("f", "tally")});
  arrange({{"f", "node-1"}});
  cast_to("f", "x");
  run_for(1s);

  kill("node-1");
  cast_to("f", "x");

  CHECK(journal.back() == "tally@" + placed_on("f") + " 1");
}

TEST_CASE_FIXTURE(movers, "a Transient state is gone after a move") {
  start({function("f", "tally", {}, {{"state_policy", "Transient"}})});
  arrange({{"f", "node-1"}});
  cast_to("f", "x");

  REQUIRE(migrate("f", "node-4"));
  cast_to("f", "x");

  CHECK(journal.back() == "tally@node-4 1");
}
