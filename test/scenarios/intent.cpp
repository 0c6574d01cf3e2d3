// SPDX-License-Identifier: MIT
#include "test/fixtures/migration_fixture.hpp"

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct office : movers {
  office() {
    pumping = false;
  }

  /// What was refused, and why.
  std::string refusal(const caf::expected<std::string>& said) {
    return said ? "done: " + *said : explain(said.error());
  }
};

} // namespace

// -- migrate ------------------------------------------------------------------

TEST_CASE_FIXTURE(office, "an intent for an unknown component is refused") {
  auto nobody = draw<logical_id>(random);

  auto said = execute_intent({intent_kind::migrate, nobody, {id_of("node-1")}});

  CHECK(refusal(said)
        == "no component " + to_string(nobody) + " is hosted in this domain");
}

TEST_CASE_FIXTURE(office, "an intent to an unknown node stops nothing") {
  start_chain();
  auto before = status_of("middle");
  auto nowhere = draw<node_id>(random);

  auto said = execute_intent({intent_kind::migrate, before.id, {nowhere}});

  CHECK(refusal(said)
        == "middle cannot move: node " + to_string(nowhere)
             + ": is not in this domain");
  CHECK(status_of("middle").instance == before.instance);
}

TEST_CASE_FIXTURE(office, "an infeasible intent says why, and stops nothing") {
  add_node("node-5", labelled({"rare"}));
  start({function("f", "tally", {}, {{"label_match_all", "rare"}})});
  auto before = status_of("f").instance;

  auto said = migrate("f", "node-1");

  CHECK(refusal(said)
        == "f cannot move: node " + to_string(id_of("node-1"))
             + ": label \"rare\" is missing");
  CHECK(status_of("f").instance == before);
}

TEST_CASE_FIXTURE(office, "an intent to where it lives changes nothing") {
  start_chain();
  auto before = status_of("middle").instance;

  auto said = migrate("middle", "node-2");

  CHECK(refusal(said)
        == "middle lives on node " + to_string(id_of("node-2")) + " already");
  CHECK(status_of("middle").instance == before);
}

TEST_CASE_FIXTURE(office, "the first feasible of several nodes is taken") {
  start_chain();

  auto said
    = execute_intent({intent_kind::migrate,
             status_of("middle").id,
             {draw<node_id>(random), id_of("node-4"), id_of("node-1")}});

  CHECK(said);
  CHECK(placed_on("middle") == "node-4");
}

TEST_CASE_FIXTURE(office, "an intent that names no node is refused") {
  start_chain();

  auto said = execute_intent({intent_kind::migrate, status_of("middle").id, {}});

  CHECK(refusal(said) == "middle cannot move: no node is named");
}

TEST_CASE_FIXTURE(office, "who runs nowhere cannot be moved") {
  add_node("node-5", labelled({"rare"}));
  start({function("f", "tally", {}, {{"label_match_all", "rare"}})});
  auto id = status_of("f").id;
  kill("node-5");

  auto said = execute_intent({intent_kind::migrate, id, {id_of("node-1")}});

  CHECK(!said);
  CHECK(placed_on("f") == "nowhere");
}

TEST_CASE_FIXTURE(office, "more moves than may wait are refused") {
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

TEST_CASE_FIXTURE(office, "a cordoned node gets nothing new") {
  for (auto node : {"node-1", "node-2", "node-4"})
    REQUIRE(execute_intent(intent_kind::cordon, node));

  start(
    {function("a", "tally"), function("b", "tally"), function("c", "tally")});

  CHECK(placed_on("a") == "node-3");
  CHECK(placed_on("b") == "node-3");
  CHECK(placed_on("c") == "node-3");
}

TEST_CASE_FIXTURE(office, "what lives on a cordoned node stays") {
  start_chain();

  auto said = execute_intent(intent_kind::cordon, "node-2");

  CHECK(refusal(said)
        == "done: node " + to_string(id_of("node-2")) + " is cordoned");
  CHECK(placed_on("middle") == "node-2");
}

TEST_CASE_FIXTURE(office, "with all nodes cordoned it waits, and says so") {
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

TEST_CASE_FIXTURE(office, "a resource is not placed on a cordoned node") {
  add_node("node-5", providing("file-log"));
  add_node("node-6", providing("file-log"));
  REQUIRE(execute_intent(intent_kind::cordon, "node-5"));

  start({resource("log", "file-log", {{"filename", "/dev/null"}})});

  CHECK(placed_on("log") == "node-6");
}

TEST_CASE_FIXTURE(office, "nobody is sent to a cordoned node") {
  start_chain();
  REQUIRE(execute_intent(intent_kind::cordon, "node-4"));

  auto said = migrate("middle", "node-4");

  CHECK(refusal(said)
        == "middle cannot move: node " + to_string(id_of("node-4"))
             + ": is cordoned");
}

TEST_CASE_FIXTURE(office, "a cordon survives another life of its node") {
  REQUIRE(execute_intent(intent_kind::cordon, "node-4"));
  start_chain();

  restart("node-4");

  CHECK(!migrate("middle", "node-4"));
}

TEST_CASE_FIXTURE(office, "an uncordoned node is used again") {
  start_chain();
  REQUIRE(execute_intent(intent_kind::cordon, "node-4"));

  REQUIRE(execute_intent(intent_kind::uncordon, "node-4"));

  CHECK(migrate("middle", "node-4"));
}

TEST_CASE_FIXTURE(office, "a cordon of nobody is refused") {
  auto nobody = draw<node_id>(random);

  CHECK(refusal(execute_intent({intent_kind::cordon, {}, {nobody}}))
        == "node " + to_string(nobody) + " is not in this domain");
  CHECK(!execute_intent({intent_kind::drain, {}, {nobody}}));
  CHECK(!execute_intent({intent_kind::cordon, {}, {}}));
}

// -- drain --------------------------------------------------------------------

TEST_CASE("a drained node is empty, and nothing is lost") {
  movers x;
  x.start_chain();
  x.start({function("g", "tally"), function("h", "tally")});
  x.arrange({{"g", "node-1"}, {"h", "node-2"}});
  x.begin({intent_kind::drain, {}, {x.id_of("node-1")}});
  x.drive(400);
  x.rest();

  REQUIRE(x.outcomes.size() == 1);
  REQUIRE(x.outcomes[0]);
  CHECK(x.outcomes[0]->ends_with(" is cordoned; 2 components moved"));
  CHECK(x.node_state_of("node-1").instances.empty());
  CHECK(x.intact());
  CHECK(x.lossless());
}

TEST_CASE_FIXTURE(office, "who cannot leave a drained node stays") {
  add_node("node-5", labelled({"rare"}));
  start({function("f", "tally", {}, {{"label_match_all", "rare"}})});

  auto said = execute_intent(intent_kind::drain, "node-5");

  REQUIRE(said);
  CHECK(said->find("0 components moved, 1 did not; f: ") != std::string::npos);
  CHECK(placed_on("f") == "node-5");
}
