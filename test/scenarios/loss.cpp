// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

constexpr auto interval = 2s;

/// A source on one node feeds a sink on another node.
struct pair_of_nodes : world {
  pair_of_nodes() {
    add_node("node-1");
    add_node("node-2");
    start({function("source", "relay", {{"out", "sink"}}),
           function("sink", "sink")});
    source_at = placed_on("source");
    sink_at = placed_on("sink");
    REQUIRE(source_at != sink_at);
  }

  std::string source_at;
  std::string sink_at;
};

} // namespace

TEST_CASE_FIXTURE(
  pair_of_nodes,
  "failover: a function on a dead node is relocated and fed at once") {
  kill(sink_at);
  cast_to("source", "a");

  CHECK(placed_on("sink") == source_at);
  CHECK(journal.back() == "sink@" + source_at + " <- a");
  CHECK(status_of("sink").restarts == 1);
  CHECK(status_of("sink").reason == "its node was lost");
}

TEST_CASE_FIXTURE(pair_of_nodes,
                  "failover: a function on another node is not touched") {
  auto before = status_of("source").instance;

  kill(sink_at);

  CHECK(status_of("source").instance == before);
  CHECK(status_of("source").restarts == 0);
}

TEST_CASE_FIXTURE(pair_of_nodes, "failover: a function behind a silent node is "
                                 "relocated and its feeders are re-patched") {
  cast_to("source", "a");

  cut(sink_at);
  run_for(2 * interval);
  cast_to("source", "b");

  CHECK(placed_on("sink") == source_at);
  CHECK(journal.back() == "sink@" + source_at + " <- b");
}

TEST_CASE_FIXTURE(
  pair_of_nodes,
  "failover: a node that hangs for less than an interval loses nothing") {
  cut(sink_at);
  cast_to("source", "a");
  run_for(interval / 2);
  reconnect(sink_at);
  run_for(2 * interval);

  CHECK(placed_on("sink") == sink_at);
  CHECK(journal.back() == "sink@" + sink_at + " <- a");
  CHECK(balanced());
}

TEST_CASE_FIXTURE(pair_of_nodes,
                  "failover: without any node left a component is pending") {
  kill("node-1");
  kill("node-2");

  CHECK(status_of("sink").phase == component_phase::pending);
  CHECK(status_of("sink").reason == "no node has joined the domain");
}

TEST_CASE_FIXTURE(pair_of_nodes,
                  "failover: a pending component starts when a node joins") {
  kill("node-1");
  kill("node-2");

  add_node("node-3");
  run_for(2s); // the nodes of one were lost twice, soon after its starts

  CHECK(placed_on("source") == "node-3");
  CHECK(placed_on("sink") == "node-3");
}

TEST_CASE_FIXTURE(pair_of_nodes,
                  "fencing: events of a replaced instance are dropped") {
  cast_to("source", "a");
  auto ghost = status_of("source").instance;
  cut(source_at, "domain-1");
  run_for(2 * interval);
  REQUIRE(placed_on("source") == sink_at);
  journal.clear();

  cast_to(source_at, ghost, "boo");

  CHECK(journal == lines{"relay@" + source_at + " <- boo"});
  CHECK(dropped(drop_reason::fenced) == 1);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(pair_of_nodes,
                  "fencing: events of a live instance are delivered") {
  cast_to("source", "a");
  cut(source_at, "domain-1");
  run_for(interval / 2);

  cast_to("source", "b");

  CHECK(journal.back() == "sink@" + sink_at + " <- b");
  CHECK(dropped(drop_reason::fenced) == 0);
}

TEST_CASE_FIXTURE(pair_of_nodes,
                  "failover: a node that hears no orchestrator runs on") {
  cut(sink_at);
  run_for(1min);

  CHECK(node_state_of(sink_at).instances.size() == 1);
}

TEST_CASE_FIXTURE(
  pair_of_nodes,
  "failover: a node that rejoins stops instances that were relocated") {
  cut(sink_at);
  run_for(2 * interval);
  REQUIRE(nodes_running("sink").size() == 2);

  reconnect(sink_at);
  run_for(4 * interval);

  CHECK(nodes_running("sink") == lines{source_at});
  CHECK(domains()[0].nodes == 2);
}

TEST_CASE_FIXTURE(world, "failover: a node that rejoins keeps an instance that "
                         "no other node could host") {
  add_node("node-1", labelled({"camera"}));
  add_node("node-2");
  start({function("f", "sink", {}, {{"label_match_all", "camera"}})});
  auto before = status_of("f").instance;
  cut("node-1");
  run_for(2 * interval);
  REQUIRE(placed_on("f") == "nowhere");

  reconnect("node-1");
  run_for(4 * interval);

  CHECK(placed_on("f") == "node-1");
  CHECK(status_of("f").instance == before);
}

TEST_CASE_FIXTURE(
  pair_of_nodes,
  "fencing: a node that rejoins is accepted under its new session") {
  cut(sink_at);
  run_for(10 * interval);
  reconnect(sink_at);
  run_for(4 * interval);
  auto there = to_string(id_of(sink_at));
  auto here = to_string(id_of(source_at));
  start(
    {function("from", "relay", {{"out", "to"}}, {{"node_id_match_any", there}}),
     function("to", "sink", {}, {{"node_id_match_any", here}})});

  cast_to("from", "hello");

  CHECK(journal.back() == "sink@" + source_at + " <- hello");
  CHECK(balanced());
}

TEST_CASE_FIXTURE(world, "failover: a node restarted under its id is accepted "
                         "and its function restarted") {
  add_node("node-1");
  start({function("f", "sink")});
  auto before = status_of("f").instance;

  restart("node-1");
  cast_to("f", "a");

  CHECK(status_of("f").instance != before);
  CHECK(journal == lines{"sink@node-1 <- a"});
}

TEST_CASE_FIXTURE(world, "failover: a second node with a live id is refused") {
  add_node("node-1");
  start({function("f", "sink")});
  node_description same;
  same.id = id_of("node-1");

  add_node("twin", same);
  run_for(1min);

  CHECK(placed_on("f") == "node-1");
  CHECK(status_of("f").restarts == 0);
  CHECK(domains()[0].nodes == 1);
  CHECK(!node_state_of("twin").orchestrator.session());
}

TEST_CASE_FIXTURE(
  world, "failover: a second node with the id of a silent node replaces it") {
  add_node("node-1");
  start({function("f", "sink")});
  node_description same;
  same.id = id_of("node-1");
  add_node("twin", same);

  cut("node-1");
  run_for(3 * interval);

  CHECK(placed_on("f") == "twin");
}

TEST_CASE(
  "failover: a thousand functions of a dead node are spread over the others") {
  for (auto strategy :
       {placement_strategy::round_robin, placement_strategy::random}) {
    world x{world::options{.strategy = strategy}};
    x.add_node("node-1");
    std::vector<component_draft> all;
    for (int i = 0; i < 1000; ++i)
      all.push_back(function("f" + std::to_string(i), "sink"));
    x.start(all);
    for (auto name : {"node-2", "node-3", "node-4", "node-5"})
      x.add_node(name);
    REQUIRE(x.node_state_of("node-1").instances.size() == 1000);

    x.kill("node-1");

    for (auto name : {"node-2", "node-3", "node-4", "node-5"}) {
      auto count = x.node_state_of(name).instances.size();
      auto even = strategy == placement_strategy::round_robin;
      // Random: within five standard deviations.
      CHECK(count >= (even ? 250 : 180));
      CHECK(count <= (even ? 250 : 320));
    }
  }
}

TEST_CASE_FIXTURE(world,
                  "crash: an instance that crashes is restarted at once") {
  add_node("node-1");
  start({function("f", "sink")});

  cast_to("f", "die");
  cast_to("f", "a");

  CHECK(status_of("f").restarts == 1);
  CHECK(status_of("f").reason == "told to die");
  CHECK(journal == lines{"sink@node-1 <- die", "sink@node-1 <- a"});
  CHECK(balanced());
}

TEST_CASE_FIXTURE(world, "crash: an instance that crashes repeatedly is "
                         "restarted with a growing back-off") {
  add_node("node-1");
  start({function("f", "sink")});
  cast_to("f", "die");

  cast_to("f", "die");
  auto at_once = placed_on("f");
  run_for(200ms);
  auto later = placed_on("f");
  cast_to("f", "die");
  run_for(200ms);

  CHECK(at_once == "nowhere");
  CHECK(later == "node-1");
  CHECK(placed_on("f") == "nowhere");
  CHECK(status_of("f").reason == "told to die");
}

TEST_CASE_FIXTURE(world,
                  "crash: an instance that ran for long is restarted at once") {
  add_node("node-1");
  start({function("f", "sink")});
  cast_to("f", "die");
  run_for(20s);

  cast_to("f", "die");

  CHECK(placed_on("f") == "node-1");
}

TEST_CASE_FIXTURE(world, "crash: a crash loop is retried every 30 s") {
  auto starts = 0;
  scripts["frail"] = [&](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::cast)
      return trap{"no good"};
    ++starts;
    host.cast("self", "again");
    return {};
  };
  add_node("node-1");
  start({function("f", "frail")});
  run_for(2min);
  starts = 0;

  run_for(5min);

  CHECK(starts >= 9);
  CHECK(starts <= 11);
  CHECK(status_of("f").reason == "no good");
}

TEST_CASE_FIXTURE(
  world, "failover: a node gets a module while the controller is away") {
  add_node("node-1");
  start({function("f", "sink")});
  kill("node-1");
  cut("controller", "domain-1");

  add_node("node-2");

  CHECK(compiled("node-2") == 1);
  reconnect("controller", "domain-1");
  CHECK(placed_on("f") == "node-2");
}

TEST_CASE_FIXTURE(
  world, "failover: a node that shuts down is failed over like a dead one") {
  add_node("node-1");
  add_node("node-2");
  start({function("f", "sink")});
  auto old = placed_on("f");

  shut_down(old);

  CHECK(placed_on("f") != old);
  CHECK(placed_on("f") != "nowhere");
}

TEST_CASE_FIXTURE(
  world, "state policy: a NodeLocal state survives a restart on its node") {
  scripts["stateful"] = [this](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::init)
      note(host, "init", " <- " + x.state);
    else if (x.payload == "die")
      return trap{"told to die"};
    else
      CHECK(!host.sync(x.payload));
    return {};
  };
  add_node("node-1");
  start({function("f", "stateful")});
  cast_to("f", "one");
  cast_to("f", "two");

  cast_to("f", "die");

  CHECK(journal == lines{"init@node-1 <- ", "init@node-1 <- two"});
}

TEST_CASE_FIXTURE(
  world, "state policy: a NodeLocal state does not move to another node") {
  scripts["stateful"] = [this](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::init)
      note(host, "init", " <- " + x.state);
    else
      CHECK(!host.sync(x.payload));
    return {};
  };
  add_node("node-1");
  add_node("node-2");
  start({function("f", "stateful")});
  cast_to("f", "one");

  kill(placed_on("f"));

  CHECK(journal.back() == "init@" + placed_on("f") + " <- ");
}

TEST_CASE_FIXTURE(world, "state policy: a Transient state is not kept") {
  scripts["stateful"] = [this](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::init)
      note(host, "init", " <- " + x.state);
    else if (x.payload == "die")
      return trap{"told to die"};
    else
      CHECK(!host.sync(x.payload));
    return {};
  };
  add_node("node-1");
  start({function("f", "stateful", {}, {{"state_policy", "Transient"}})});
  cast_to("f", "one");

  cast_to("f", "die");

  CHECK(journal == lines{"init@node-1 <- ", "init@node-1 <- "});
}
