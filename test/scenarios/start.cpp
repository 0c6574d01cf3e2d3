// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"

#include "runtime/base/sha256.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace edgeless;
using namespace edgeless::test;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE_FIXTURE(world, "start: a workflow starts and its events arrive") {
  add_node("node-1");

  start(
    {function("source", "relay", {{"out", "sink"}}), function("sink", "sink")});
  cast_to("source", "hello");

  CHECK(placed_on("source") == "node-1");
  CHECK(placed_on("sink") == "node-1");
  CHECK(journal == lines{"relay@node-1 <- hello", "sink@node-1 <- hello"});
  CHECK(balanced());
}

TEST_CASE_FIXTURE(world,
                  "start: the answer reports all components as running") {
  add_node("node-1");

  start({function("f", "sink"), function("g", "sink")});

  CHECK(status.domain == "domain-1");
  REQUIRE(status.components.size() == 2);
  CHECK(status.components[0].phase == component_phase::running);
  CHECK(status.components[1].phase == component_phase::running);
}

TEST_CASE_FIXTURE(
  world,
  "start: a workflow without a feasible node is pending and reports why") {
  start({function("f", "sink")});

  CHECK(status.domain.empty());
  REQUIRE(status.reasons.size() == 1);
  CHECK(contains(status.reasons[0], "domain-1"));
  CHECK(contains(status.reasons[0], "no node has joined"));
}

TEST_CASE_FIXTURE(
  world,
  "start: a pending workflow starts on the next tick after a node joined") {
  start({function("f", "sink")});

  add_node("node-1");
  run_for(2s);

  CHECK(placed_on("f") == "node-1");
}

TEST_CASE_FIXTURE(world,
                  "start: a pending workflow starts as soon as a node joins") {
  start({function("f", "sink")});
  REQUIRE(status_of("f").phase == component_phase::pending);

  add_node("node-1");

  CHECK(placed_on("f") == "node-1");
}

TEST_CASE_FIXTURE(world,
                  "start: an infeasible node leaves a workflow pending") {
  start({function("f", "sink", {}, {{"label_match_all", "camera"}})});

  add_node("node-1");

  CHECK(placed_on("f") == "nowhere");
  CHECK(status_of(status.id).domain.empty());
}

TEST_CASE_FIXTURE(world,
                  "start: a pending workflow starts when a cordon is lifted") {
  add_node("node-1");
  REQUIRE(execute_intent(intent_kind::cordon, "node-1"));
  start({function("f", "sink")});
  REQUIRE(placed_on("f") == "nowhere");

  REQUIRE(execute_intent(intent_kind::uncordon, "node-1"));

  CHECK(placed_on("f") == "node-1");
}

TEST_CASE_FIXTURE(world, "start: label_match_all selects the node") {
  add_node("plain");
  add_node("camera", labelled({"camera", "indoor"}));

  start({function("f", "sink", {}, {{"label_match_all", "camera"}}),
         function("g", "sink", {}, {{"label_match_all", "camera,indoor"}})});

  CHECK(placed_on("f") == "camera");
  CHECK(placed_on("g") == "camera");
}

TEST_CASE_FIXTURE(world,
                  "start: a label that no node has leaves a workflow pending") {
  add_node("camera", labelled({"camera"}));

  start({function("f", "sink", {}, {{"label_match_all", "camera,roof"}})});
  run_for(10s);

  REQUIRE(status.reasons.size() == 1);
  CHECK(contains(status.reasons[0], "label \"roof\" is missing"));
  CHECK(placed_on("f") == "nowhere");
}

TEST_CASE_FIXTURE(world, "start: a required TEE selects the node") {
  add_node("plain");
  node_description safe;
  safe.capabilities.is_tee_running = true;
  add_node("safe", safe);

  start({function("f", "sink", {}, {{"tee", "required"}})});

  CHECK(placed_on("f") == "safe");
}

TEST_CASE_FIXTURE(
  world, "start: a required TEE that no node has leaves a workflow pending") {
  add_node("plain");

  start({function("f", "sink", {}, {{"tee", "required"}})});

  REQUIRE(status.reasons.size() == 1);
  CHECK(contains(status.reasons[0], "no TEE"));
}

TEST_CASE_FIXTURE(
  world, "start: node_id_match_any pins components to the named nodes") {
  add_node("node-1");
  add_node("node-2");
  auto wanted = to_string(id_of("node-2"));

  start({function("f", "sink", {}, {{"node_id_match_any", wanted}}),
         function("g", "sink", {}, {{"node_id_match_any", wanted}})});

  CHECK(placed_on("f") == "node-2");
  CHECK(placed_on("g") == "node-2");
}

TEST_CASE_FIXTURE(world,
                  "start: an unknown node_id leaves a workflow pending") {
  add_node("node-1");

  start({function(
    "f", "sink", {},
    {{"node_id_match_any", "10000000-0000-4000-8000-000000000001"}})});

  REQUIRE(status.reasons.size() == 1);
  CHECK(contains(status.reasons[0], "not among node_id_match_any"));
}

TEST_CASE_FIXTURE(world,
                  "start: a resource is placed where its class is provided") {
  add_node("plain");
  add_node("logging", providing("file-log"));

  start({resource("log", "file-log", {{"filename", "log"}})});

  CHECK(placed_on("log") == "logging");
}

TEST_CASE_FIXTURE(world, "start: a resource without a provider is pending") {
  add_node("plain");

  start({resource("log", "file-log", {{"filename", "log"}})});

  REQUIRE(status.reasons.size() == 1);
  CHECK(contains(status.reasons[0], "no provider of class file-log"));
}

TEST_CASE_FIXTURE(
  world, "start: a resource obeys the requirements of its configuration") {
  add_node("node-1", providing("file-log"));
  add_node("node-2", providing("file-log"));
  auto wanted = to_string(id_of("node-2"));

  start({resource("log", "file-log",
                  {{"filename", "log"}, {"node_id_match_any", wanted}})});

  CHECK(placed_on("log") == "node-2");
}

TEST_CASE_FIXTURE(world, "start: events of a function arrive at a resource") {
  add_node("node-1", providing("file-log"));
  start({function("source", "relay", {{"out", "log"}}),
         resource("log", "file-log", {{"filename", "log"}})});

  cast_to("source", "a line");

  CHECK(handled() == 2);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(world, "start: a resource that cannot start reports why") {
  add_node("node-1", providing("file-log"));

  start({resource("log", "file-log", {{"filename", "/nowhere/at/all"}})});

  CHECK(status.components[0].phase == component_phase::pending);
  CHECK(contains(status.components[0].reason, "/nowhere/at/all"));
}

TEST_CASE_FIXTURE(
  world, "start: a node compiles a module once for all its instances") {
  add_node("node-1");

  start({function("f", "sink"), function("g", "sink"), function("h", "sink")});
  start({function("i", "sink"), function("j", "relay")});

  CHECK(compiled("node-1") == 2);
  CHECK(placed_on("i") == "node-1");
}

TEST_CASE_FIXTURE(world,
                  "start: each node compiles only the modules that it runs") {
  add_node("node-1");
  add_node("node-2");
  auto one = to_string(id_of("node-1"));

  start({function("f", "sink", {}, {{"node_id_match_any", one}})});

  CHECK(compiled("node-1") == 1);
  CHECK(compiled("node-2") == 0);
}

TEST_CASE_FIXTURE(
  world, "start: a module that does not compile leaves its component pending") {
  add_node("node-1");

  start({function("f", "no such script")});

  CHECK(status.components[0].phase == component_phase::pending);
  CHECK(contains(status.components[0].reason, "not a script"));
}

TEST_CASE_FIXTURE(world,
                  "start: an upload that does not match its hash is refused") {
  auto done = try_upload({sha256("sound"), 6, 0, "broken"});

  REQUIRE(!done);
  CHECK(done.error() == ec::bad_input);
  CHECK(contains(explain(done.error()), "arrived damaged"));
}

TEST_CASE_FIXTURE(
  world, "start: a workflow with a missing module is refused by name") {
  add_node("node-1");
  auto f = function("f", "sink");
  f.code = sha256("never uploaded");

  auto problem = try_start({f});

  CHECK(problem == ec::bad_input);
  CHECK(explain(problem) == "f: its module has not been uploaded");
}

TEST_CASE_FIXTURE(world,
                  "start: all faults of a workflow are reported together") {
  auto problem = try_start(
    {function("f", "sink", {{"out", "missing"}}), function("f", "sink")});

  CHECK(problem == ec::bad_input);
  CHECK(contains(explain(problem), "several components"));
  CHECK(contains(explain(problem), "unknown component \"missing\""));
  CHECK(list().empty());
}

TEST_CASE_FIXTURE(world, "start: a trap in init fails the start") {
  scripts["frail"] = [](guest_host&, const guest_event&) -> step {
    return trap{"no good"};
  };
  add_node("node-1");

  start({function("f", "frail")});

  CHECK(status.components[0].phase == component_phase::pending);
  CHECK(contains(status.components[0].reason, "no good"));
  CHECK(nodes_running("f").empty());
}

TEST_CASE_FIXTURE(world, "start: init gets its payload before any event") {
  scripts["open"] = [this](guest_host& host, const guest_event& x) -> step {
    note(host, x.kind == hook::init ? "init" : "cast", " <- " + x.payload);
    return {};
  };
  add_node("node-1");
  start({function("f", "open", {}, {{"init-payload", "key=1"}})});

  cast_to("f", "a");

  CHECK(journal == lines{"init@node-1 <- key=1", "cast@node-1 <- a"});
}

TEST_CASE_FIXTURE(
  world, "start: starting the same workflow again returns its status") {
  add_node("node-1");
  auto id = start({function("f", "sink")});
  auto first = status_of("f").instance;

  auto problem = try_start(id, {function("f", "sink")});

  CHECK(!problem);
  CHECK(status.components[0].instance == first);
  CHECK(list().size() == 1);
}

TEST_CASE_FIXTURE(world,
                  "start: another workflow with the same id is refused") {
  add_node("node-1");
  auto id = start({function("f", "sink")});

  auto problem = try_start(id, {function("f", "relay")});

  CHECK(problem == ec::duplicate);
  CHECK(nodes_running("f").size() == 1);
}
