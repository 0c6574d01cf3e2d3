// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

constexpr auto period = 2s;

/// A source on one node feeds a sink on another one.
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

TEST_CASE_FIXTURE(pair_of_nodes,
                  "a function of a dead node is replaced and fed at once") {
  kill(sink_at);
  cast_to("source", "a");

  CHECK(placed_on("sink") == source_at);
  CHECK(journal.back() == "sink@" + source_at + " <- a");
  CHECK(status_of("sink").restarts == 1);
  CHECK(status_of("sink").reason == "its node was lost");
}

TEST_CASE_FIXTURE(pair_of_nodes, "who lived elsewhere is not touched") {
  auto before = status_of("source").instance;

  kill(sink_at);

  CHECK(status_of("source").instance == before);
  CHECK(status_of("source").restarts == 0);
}

TEST_CASE_FIXTURE(pair_of_nodes,
                  "a function behind a silent node is relocated and its "
                  "upstream repatched") {
  cast_to("source", "a");

  cut(sink_at);
  run_for(2 * period);
  cast_to("source", "b");

  CHECK(placed_on("sink") == source_at);
  CHECK(journal.back() == "sink@" + source_at + " <- b");
}

TEST_CASE_FIXTURE(pair_of_nodes,
                  "a node that hangs for a moment loses nothing") {
  cut(sink_at);
  cast_to("source", "a");
  run_for(period / 2);
  reconnect(sink_at);
  run_for(2 * period);

  CHECK(placed_on("sink") == sink_at);
  CHECK(journal.back() == "sink@" + sink_at + " <- a");
  CHECK(balanced());
}

TEST_CASE_FIXTURE(pair_of_nodes, "without any node left it is pending") {
  kill("node-1");
  kill("node-2");

  CHECK(status_of("sink").phase == component_phase::pending);
  CHECK(status_of("sink").reason == "no node has joined the domain");
}

TEST_CASE_FIXTURE(pair_of_nodes, "what is pending starts when a node joins") {
  kill("node-1");
  kill("node-2");

  add_node("node-3");

  CHECK(placed_on("source") == "node-3");
  CHECK(placed_on("sink") == "node-3");
}

TEST_CASE_FIXTURE(pair_of_nodes, "what a replaced instance sends is refused") {
  cast_to("source", "a");
  auto ghost = status_of("source").instance;
  cut(source_at, "domain-1");
  run_for(2 * period);
  REQUIRE(placed_on("source") == sink_at);
  journal.clear();

  cast_to(source_at, ghost, "boo");

  CHECK(journal == lines{"relay@" + source_at + " <- boo"});
  CHECK(dropped(drop_reason::fenced) == 1);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(pair_of_nodes,
                  "what a living instance sends is not refused") {
  cast_to("source", "a");
  cut(source_at, "domain-1");
  run_for(period / 2);

  cast_to("source", "b");

  CHECK(journal.back() == "sink@" + sink_at + " <- b");
  CHECK(dropped(drop_reason::fenced) == 0);
}

TEST_CASE_FIXTURE(pair_of_nodes, "a node runs on while it hears nothing") {
  cut(sink_at);
  run_for(1min);

  CHECK(node_state_of(sink_at).instances.size() == 1);
}

TEST_CASE_FIXTURE(pair_of_nodes,
                  "a node that comes back stops what others took over") {
  cut(sink_at);
  run_for(2 * period);
  REQUIRE(nodes_running("sink").size() == 2);

  reconnect(sink_at);
  run_for(4 * period);

  CHECK(nodes_running("sink") == lines{source_at});
  CHECK(domains()[0].nodes == 2);
}

TEST_CASE_FIXTURE(world,
                  "a node that comes back keeps what nobody else could host") {
  add_node("node-1", labelled({"camera"}));
  add_node("node-2");
  start({function("f", "sink", {}, {{"label_match_all", "camera"}})});
  auto before = status_of("f").instance;
  cut("node-1");
  run_for(2 * period);
  REQUIRE(placed_on("f") == "nowhere");

  reconnect("node-1");
  run_for(4 * period);

  CHECK(placed_on("f") == "node-1");
  CHECK(status_of("f").instance == before);
}

TEST_CASE_FIXTURE(pair_of_nodes, "who came back is heard again") {
  cut(sink_at);
  run_for(10 * period);
  reconnect(sink_at);
  run_for(4 * period);
  auto there = to_string(id_of(sink_at));
  auto here = to_string(id_of(source_at));
  start(
    {function("from", "relay", {{"out", "to"}}, {{"node_id_match_any", there}}),
     function("to", "sink", {}, {{"node_id_match_any", here}})});

  cast_to("from", "hello");

  CHECK(journal.back() == "sink@" + source_at + " <- hello");
  CHECK(balanced());
}

TEST_CASE_FIXTURE(world, "a node that starts anew under its id is taken back") {
  add_node("node-1");
  start({function("f", "sink")});
  auto before = status_of("f").instance;

  restart("node-1");
  cast_to("f", "a");

  CHECK(status_of("f").instance != before);
  CHECK(journal == lines{"sink@node-1 <- a"});
}

TEST_CASE_FIXTURE(world, "a second node of the same id is refused") {
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

TEST_CASE_FIXTURE(world, "the newer of two wins when the older is silent") {
  add_node("node-1");
  start({function("f", "sink")});
  node_description same;
  same.id = id_of("node-1");
  add_node("twin", same);

  cut("node-1");
  run_for(3 * period);

  CHECK(placed_on("f") == "twin");
}

TEST_CASE("a thousand functions of a dead node are spread over the others") {
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

TEST_CASE_FIXTURE(world, "an instance that crashes is started again at once") {
  add_node("node-1");
  start({function("f", "sink")});

  cast_to("f", "die");
  cast_to("f", "a");

  CHECK(status_of("f").restarts == 1);
  CHECK(status_of("f").reason == "told to die");
  CHECK(journal == lines{"sink@node-1 <- die", "sink@node-1 <- a"});
  CHECK(balanced());
}

TEST_CASE_FIXTURE(world, "one that crashes again waits, and longer each time") {
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

TEST_CASE_FIXTURE(world, "one that ran well starts at once after a crash") {
  add_node("node-1");
  start({function("f", "sink")});
  cast_to("f", "die");
  run_for(20s);

  cast_to("f", "die");

  CHECK(placed_on("f") == "node-1");
}

TEST_CASE_FIXTURE(world, "a crash loop goes on every 30 s") {
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

TEST_CASE_FIXTURE(world, "nodes get modules while the controller is away") {
  add_node("node-1");
  start({function("f", "sink")});
  kill("node-1");
  cut("controller", "domain-1");

  add_node("node-2");

  CHECK(compiled("node-2") == 1);
  reconnect("controller", "domain-1");
  CHECK(placed_on("f") == "node-2");
}

TEST_CASE_FIXTURE(world, "a node that shuts down is left like a dead one") {
  add_node("node-1");
  add_node("node-2");
  start({function("f", "sink")});
  auto old = placed_on("f");

  shut_down(old);

  CHECK(placed_on("f") != old);
  CHECK(placed_on("f") != "nowhere");
}

TEST_CASE_FIXTURE(world, "a synced state is handed to a restart on its node") {
  scripts["keeper"] = [this](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::init)
      note(host, "init", " <- " + x.state);
    else if (x.payload == "die")
      return trap{"told to die"};
    else
      CHECK(!host.sync(x.payload));
    return {};
  };
  add_node("node-1");
  start({function("f", "keeper")});
  cast_to("f", "one");
  cast_to("f", "two");

  cast_to("f", "die");

  CHECK(journal == lines{"init@node-1 <- ", "init@node-1 <- two"});
}

TEST_CASE_FIXTURE(world, "a synced state does not move to another node") {
  scripts["keeper"] = [this](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::init)
      note(host, "init", " <- " + x.state);
    else
      CHECK(!host.sync(x.payload));
    return {};
  };
  add_node("node-1");
  add_node("node-2");
  start({function("f", "keeper")});
  cast_to("f", "one");

  kill(placed_on("f"));

  CHECK(journal.back() == "init@" + placed_on("f") + " <- ");
}

TEST_CASE_FIXTURE(world, "a transient state is not kept") {
  scripts["keeper"] = [this](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::init)
      note(host, "init", " <- " + x.state);
    else if (x.payload == "die")
      return trap{"told to die"};
    else
      CHECK(!host.sync(x.payload));
    return {};
  };
  add_node("node-1");
  start({function("f", "keeper", {}, {{"state_policy", "Transient"}})});
  cast_to("f", "one");

  cast_to("f", "die");

  CHECK(journal == lines{"init@node-1 <- ", "init@node-1 <- "});
}
