// SPDX-License-Identifier: MIT
#include "test/fixtures/migration_fixture.hpp"

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct intent_fixture : migration_fixture {
  intent_fixture() {
    pumping = false;
  }

  /// The answer or the error as text.
  std::string text_of(const caf::expected<std::string>& result) {
    return result ? "done: " + *result : explain(result.error());
  }
};

} // namespace

// -- migrate ------------------------------------------------------------------

TEST_CASE_FIXTURE(intent_fixture,
                  "migrate intent: an unknown component is refused") {
  auto unknown = draw<logical_id>(random);

  auto result
    = execute_intent({intent_kind::migrate, unknown, {id_of("node-1")}});

  CHECK(text_of(result)
        == "no component " + to_string(unknown) + " is hosted in this domain");
}

TEST_CASE_FIXTURE(
  intent_fixture,
  "migrate intent: an unknown node is refused and the instance runs on") {
  start_chain();
  auto before = status_of("middle");
  auto unknown = draw<node_id>(random);

  auto result = execute_intent({intent_kind::migrate, before.id, {unknown}});

  CHECK(text_of(result)
        == "middle cannot move: node " + to_string(unknown)
             + ": is not in this domain");
  CHECK(status_of("middle").instance == before.instance);
}

TEST_CASE_FIXTURE(
  intent_fixture,
  "migrate intent: an infeasible node is refused with the reason") {
  add_node("node-5", labelled({"rare"}));
  start({function("f", "tally", {}, {{"label_match_all", "rare"}})});
  auto before = status_of("f").instance;

  auto result = migrate("f", "node-1");

  CHECK(text_of(result)
        == "f cannot move: node " + to_string(id_of("node-1"))
             + ": label \"rare\" is missing");
  CHECK(status_of("f").instance == before);
}

TEST_CASE_FIXTURE(
  intent_fixture,
  "migrate intent: the node where the instance runs is refused") {
  start_chain();
  auto before = status_of("middle").instance;

  auto result = migrate("middle", "node-2");

  CHECK(text_of(result)
        == "middle runs on node " + to_string(id_of("node-2")) + " already");
  CHECK(status_of("middle").instance == before);
}

TEST_CASE_FIXTURE(
  intent_fixture,
  "migrate intent: the first feasible of several nodes is used") {
  start_chain();

  auto result = execute_intent(
    {intent_kind::migrate,
     status_of("middle").id,
     {draw<node_id>(random), id_of("node-4"), id_of("node-1")}});

  CHECK(result);
  CHECK(placed_on("middle") == "node-4");
}

TEST_CASE_FIXTURE(intent_fixture,
                  "migrate intent: an empty list of nodes is refused") {
  start_chain();

  auto result
    = execute_intent({intent_kind::migrate, status_of("middle").id, {}});

  CHECK(text_of(result) == "middle cannot move: no node is named");
}

TEST_CASE_FIXTURE(
  intent_fixture,
  "migrate intent: a component without an instance is refused") {
  add_node("node-5", labelled({"rare"}));
  start({function("f", "tally", {}, {{"label_match_all", "rare"}})});
  auto id = status_of("f").id;
  kill("node-5");

  auto result = execute_intent({intent_kind::migrate, id, {id_of("node-1")}});

  CHECK(!result);
  CHECK(placed_on("f") == "nowhere");
}

TEST_CASE_FIXTURE(intent_fixture,
                  "migrate intent: more migrations than may wait are refused") {
  start_chain();
  auto id = status_of("middle").id;
  for (std::size_t i = 0; i < limits::moves + 2; ++i)
    begin_migration(id, id_of(i % 2 ? "node-1" : "node-4"));
  run_until_idle();

  REQUIRE(outcomes.size() == limits::moves + 2);
  auto refused = std::ranges::count_if(outcomes, [](auto& x) { return !x; });
  CHECK(refused == 1);
  CHECK(nodes_running("middle").size() == 1);
}

// -- cordon -------------------------------------------------------------------

TEST_CASE_FIXTURE(intent_fixture,
                  "cordon intent: a cordoned node gets no new instances") {
  for (auto node : {"node-1", "node-2", "node-4"})
    REQUIRE(execute_intent(intent_kind::cordon, node));

  start(
    {function("a", "tally"), function("b", "tally"), function("c", "tally")});

  CHECK(placed_on("a") == "node-3");
  CHECK(placed_on("b") == "node-3");
  CHECK(placed_on("c") == "node-3");
}

TEST_CASE_FIXTURE(intent_fixture,
                  "cordon intent: instances on a cordoned node stay") {
  start_chain();

  auto result = execute_intent(intent_kind::cordon, "node-2");

  CHECK(text_of(result)
        == "done: node " + to_string(id_of("node-2")) + " is cordoned");
  CHECK(placed_on("middle") == "node-2");
}

TEST_CASE_FIXTURE(intent_fixture, "cordon intent: a workflow waits while all "
                                  "nodes are cordoned and reports why") {
  for (auto& node : nodes())
    REQUIRE(execute_intent(intent_kind::cordon, node));
  auto problem = try_start({function("f", "tally")});
  run_for(3s);
  auto reasons = status_of(status.id).reasons;

  REQUIRE(execute_intent(intent_kind::uncordon, "node-3"));
  run_for(35s);

  REQUIRE(!problem);
  REQUIRE(!reasons.empty());
  CHECK(reasons[0].find("is cordoned") != std::string::npos);
  CHECK(placed_on("f") == "node-3");
}

TEST_CASE_FIXTURE(
  intent_fixture,
  "cordon intent: a resource is not placed on a cordoned node") {
  add_node("node-5", providing("file-log"));
  add_node("node-6", providing("file-log"));
  REQUIRE(execute_intent(intent_kind::cordon, "node-5"));

  start({resource("log", "file-log", {{"filename", "log"}})});

  CHECK(placed_on("log") == "node-6");
}

TEST_CASE_FIXTURE(intent_fixture,
                  "cordon intent: a migration to a cordoned node is refused") {
  start_chain();
  REQUIRE(execute_intent(intent_kind::cordon, "node-4"));

  auto result = migrate("middle", "node-4");

  CHECK(text_of(result)
        == "middle cannot move: node " + to_string(id_of("node-4"))
             + ": is cordoned");
}

TEST_CASE_FIXTURE(intent_fixture,
                  "cordon intent: a cordon survives a restart of its node") {
  REQUIRE(execute_intent(intent_kind::cordon, "node-4"));
  start_chain();

  restart("node-4");

  CHECK(!migrate("middle", "node-4"));
}

TEST_CASE_FIXTURE(intent_fixture,
                  "cordon intent: an uncordoned node is used again") {
  start_chain();
  REQUIRE(execute_intent(intent_kind::cordon, "node-4"));

  REQUIRE(execute_intent(intent_kind::uncordon, "node-4"));

  CHECK(migrate("middle", "node-4"));
}

TEST_CASE_FIXTURE(intent_fixture, "cordon intent: an unknown node is refused") {
  auto unknown = draw<node_id>(random);

  CHECK(text_of(execute_intent({intent_kind::cordon, {}, {unknown}}))
        == "node " + to_string(unknown) + " is not in this domain");
  CHECK(!execute_intent({intent_kind::drain, {}, {unknown}}));
  CHECK(!execute_intent({intent_kind::cordon, {}, {}}));
}

// -- drain --------------------------------------------------------------------

TEST_CASE("drain intent: a drained node is empty and no event is lost") {
  migration_fixture x;
  x.start_chain();
  x.start({function("g", "tally"), function("h", "tally")});
  x.place_all({{"g", "node-1"}, {"h", "node-2"}});
  x.begin({intent_kind::drain, {}, {x.id_of("node-1")}});
  x.drive(400);
  x.rest();

  REQUIRE(x.outcomes.size() == 1);
  REQUIRE(x.outcomes[0]);
  CHECK(x.outcomes[0]->ends_with(" is cordoned; 2 components moved"));
  CHECK(x.node_state_of("node-1").instances.empty());
  CHECK(x.is_intact());
  CHECK(x.is_lossless());
}

TEST_CASE_FIXTURE(
  intent_fixture,
  "drain intent: a component without another feasible node stays") {
  add_node("node-5", labelled({"rare"}));
  start({function("f", "tally", {}, {{"label_match_all", "rare"}})});

  auto result = execute_intent(intent_kind::drain, "node-5");

  REQUIRE(result);
  CHECK(result->find("0 components moved, 1 did not; f: ")
        != std::string::npos);
  CHECK(placed_on("f") == "node-5");
}

TEST_CASE_FIXTURE(intent_fixture,
                  "drain intent: a drained node gets no new instances") {
  REQUIRE(execute_intent(intent_kind::drain, "node-2"));

  for (int i = 0; i < 8; ++i)
    start({function("f" + std::to_string(i), "tally")});

  for (int i = 0; i < 8; ++i)
    CHECK(placed_on("f" + std::to_string(i)) != "node-2");
}

TEST_CASE_FIXTURE(
  intent_fixture,
  "cordon intent: a cordoned node gets no new instances after a restart") {
  REQUIRE(execute_intent(intent_kind::cordon, "node-4"));
  restart("node-4");

  for (int i = 0; i < 8; ++i)
    start({function("f" + std::to_string(i), "tally")});

  for (int i = 0; i < 8; ++i)
    CHECK(placed_on("f" + std::to_string(i)) != "node-4");
}

TEST_CASE_FIXTURE(
  intent_fixture,
  "uncordon intent: an unplaced component starts there at once") {
  add_node("node-5", labelled({"rare"}));
  start({function("f", "tally", {}, {{"label_match_all", "rare"}})});
  REQUIRE(execute_intent(intent_kind::cordon, "node-5"));
  restart("node-5");
  run_until_idle();
  REQUIRE(placed_on("f") == "nowhere");

  REQUIRE(execute_intent(intent_kind::uncordon, "node-5"));

  CHECK(placed_on("f") == "node-5");
}
