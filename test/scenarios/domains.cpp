// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct two_domains : world {
  two_domains() : world{options{.domains = {"domain-1", "domain-2"}}} {
    // nop
  }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE_FIXTURE(
  two_domains, "domains: a workflow is placed in a domain that can host it") {
  add_node("node-1");
  add_node("node-2", labelled({"camera"}), "domain-2");

  start({function("f", "sink", {}, {{"label_match_all", "camera"}})});

  CHECK(status.domain == "domain-2");
  CHECK(placed_on("f") == "node-2");
}

TEST_CASE_FIXTURE(
  two_domains,
  "domains: a workflow that no domain can host reports why for each domain") {
  add_node("node-1");
  add_node("node-2", {}, "domain-2");

  start({function("f", "sink", {}, {{"label_match_all", "camera"}})});

  REQUIRE(status.reasons.size() == 2);
  CHECK(contains(status.reasons[0], "domain domain-1: "));
  CHECK(contains(status.reasons[1], "domain domain-2: "));
}

TEST_CASE_FIXTURE(two_domains,
                  "domains: a workflow is never split between domains") {
  add_node("node-1", labelled({"roof"}));
  add_node("node-2", labelled({"camera"}), "domain-2");

  start({function("f", "sink", {}, {{"label_match_all", "camera"}}),
         function("g", "sink", {}, {{"label_match_all", "roof"}})});

  CHECK(status.domain.empty());
  CHECK(status.reasons.size() == 2);
}

TEST_CASE_FIXTURE(
  two_domains, "domains: a workflow of a lost domain moves to another domain") {
  add_node("node-1");
  add_node("node-2", {}, "domain-2");
  auto id = start({function("f", "sink")});
  auto old = status.domain;

  kill_domain(old);
  run_for(15s);

  CHECK(status_of(id).domain != old);
  CHECK(status_of("f").phase == component_phase::running);
}

TEST_CASE_FIXTURE(
  two_domains, "domains: a workflow waits 10 s for its domain to come back") {
  add_node("node-1");
  add_node("node-2", {}, "domain-2");
  auto id = start({function("f", "sink")});
  auto old = status.domain;

  cut("controller", old);
  run_for(8s);
  reconnect("controller", old);
  run_for(10s);

  CHECK(status_of(id).domain == old);
  CHECK(status_of("f").restarts == 0);
}

TEST_CASE_FIXTURE(two_domains,
                  "domains: a domain description sums up its nodes") {
  add_node("node-1", labelled({"camera"}));
  add_node("node-2", providing("file-log"));
  add_node("node-3", {}, "domain-2");

  auto all = domains();

  REQUIRE(all.size() == 2);
  CHECK(all[0].nodes == 2);
  CHECK(all[0].total.num_cpus == 2);
  CHECK(all[0].total.labels == lines{"camera"});
  CHECK(all[0].resource_classes == lines{"file-log"});
  CHECK(all[1].nodes == 1);
}
TEST_CASE_FIXTURE(world,
                  "domains: a workflow that no node could host is refused "
                  "with a line for each component") {
  policy = if_infeasible::refuse;
  add_node("node-1", labelled({"camera"}));
  add_node("node-2");

  auto problem
    = try_start({function("f", "sink", {}, {{"label_match_all", "roof"}}),
                 function("g", "sink"), resource("log", "no-such-class", {})});

  CHECK(problem == ec::no_feasible_domain);
  CHECK(explain(problem)
        == "f: label \"roof\" is missing (2 nodes)\n"
           "log: has no provider of class no-such-class (2 nodes)");
  CHECK(list().empty());
}

TEST_CASE_FIXTURE(world,
                  "domains: a workflow that only lacks a node now is pending") {
  policy = if_infeasible::refuse;
  start({function("before", "sink")});
  add_node("node-1");
  add_node("camera", labelled({"camera"}));
  kill("camera");
  run_for(10s);

  start({function("f", "sink", {}, {{"label_match_all", "camera"}})});
  CHECK(placed_on("f") == "nowhere");
  add_node("camera", labelled({"camera"}));
  run_for(2s);

  CHECK(placed_on("before") == "node-1");
  CHECK(placed_on("f") == "camera");
}

TEST_CASE_FIXTURE(two_domains,
                  "domains: a domain that cannot be asked may be feasible") {
  policy = if_infeasible::refuse;
  add_node("node-1");
  add_node("node-2", labelled({"camera"}), "domain-2");
  cut("controller", "domain-2");
  run_for(5s);

  auto id = start({function("f", "sink", {}, {{"label_match_all", "camera"}})});
  CHECK(status_of(id).domain.empty());
  reconnect("controller", "domain-2");
  run_for(15s);

  CHECK(status_of(id).domain == "domain-2");
}

TEST_CASE_FIXTURE(
  two_domains,
  "domains: a workflow that neither domain could host is refused") {
  policy = if_infeasible::refuse;
  add_node("node-1");
  add_node("node-2", labelled({"camera"}), "domain-2");

  auto problem
    = try_start({function("f", "sink", {}, {{"label_match_all", "roof"}})});

  CHECK(explain(problem)
        == "f: domain domain-1: label \"roof\" is missing (1 node); domain "
           "domain-2: label \"roof\" is missing (1 node)");
}

TEST_CASE_FIXTURE(two_domains,
                  "domains: a workflow migrates to the domain that is named") {
  add_node("node-1");
  add_node("node-2", {}, "domain-2");
  auto id = start({function("f", "sink"), function("g", "sink")});
  auto other = status.domain == "domain-1" ? "domain-2" : "domain-1";

  REQUIRE(migrate_workflow(id, other));

  CHECK(status_of(id).domain == other);
  CHECK(status_of("f").phase == component_phase::running);
  CHECK(nodes_running("f").size() == 1);
  CHECK(nodes_running("g").size() == 1);
}

TEST_CASE_FIXTURE(two_domains,
                  "domains: a migration that is refused changes nothing") {
  add_node("node-1", labelled({"camera"}));
  add_node("node-2", {}, "domain-2");
  auto id = start({function("f", "sink", {}, {{"label_match_all", "camera"}})});
  auto why = [&](const std::string& domain) {
    return explain(migrate_workflow(id, domain).error());
  };

  CHECK(why("domain-2")
        == "domain domain-2: label \"camera\" is missing (1 node)");
  CHECK(why("domain-3") == "unknown domain domain-3");
  CHECK(why("domain-1") == "it is in domain domain-1 already");
  cut("controller", "domain-2");
  run_for(5s);
  CHECK(why("domain-2")
        == "domain domain-2: its orchestrator cannot be reached");

  CHECK(status_of("f").restarts == 0);
  CHECK(placed_on("f") == "node-1");
  CHECK(migrate_workflow({}, "domain-1").error() == ec::unknown_workflow);
}

TEST_CASE_FIXTURE(two_domains,
                  "domains: a workflow leaves a domain that cannot "
                  "be reached, which drops it later") {
  add_node("node-1");
  add_node("node-2", {}, "domain-2");
  auto id = start({function("f", "sink")});
  auto old = status.domain;
  auto other = old == "domain-1" ? "domain-2" : "domain-1";
  cut("controller", old);
  run_for(5s);

  REQUIRE(migrate_workflow(id, other));
  reconnect("controller", old);
  run_for(15s);

  CHECK(status_of(id).domain == other);
  CHECK(nodes_running("f").size() == 1);
}

TEST_CASE_FIXTURE(
  two_domains,
  "domains: a domain that comes back while its workflow is moved keeps it") {
  add_node("node-1", {}, "domain-1");
  start({function("f", "sink")});
  REQUIRE(status.domain == "domain-1");
  add_node("node-2", {}, "domain-2");
  delay("controller", "domain-2", 2s);

  // After 10 s away the controller asks the other domain, whose answer takes
  // four seconds.
  kill_domain("domain-1");
  run_for(12500ms);
  add_domain("domain-1");
  run_for(10s);

  CHECK(status_of(status.id).domain == "domain-1");
  CHECK(nodes_running("f") == lines{"node-1"});
}
