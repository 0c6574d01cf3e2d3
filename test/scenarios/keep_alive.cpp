// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"

#include <caf/send.hpp>

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

constexpr auto interval = 2s;

struct without_polling : world {
  without_polling() : world{options{.keep_alive_interval = 0s}} {
    // nop
  }
};

/// A silent node is lost long before its connection times out.
struct short_interval : world {
  short_interval() : world{options{.keep_alive_interval = 400ms}} {
    // nop
  }
};

/// The only_instance instance on a node.
physical_id only_instance(node_state& x) {
  REQUIRE(x.instances.size() == 1);
  return x.instances.begin()->first;
}

} // namespace

TEST_CASE_FIXTURE(world, "keep-alive: a cluster at rest does not change") {
  add_node("node-1");
  add_node("node-2");
  start(
    {function("source", "relay", {{"out", "sink"}}), function("sink", "sink")});
  auto before = status_of("sink").instance;

  run_for(10min);

  CHECK(status_of("sink").instance == before);
  CHECK(status_of("sink").restarts == 0);
  CHECK(domains()[0].nodes == 2);
}

TEST_CASE_FIXTURE(world,
                  "keep-alive: a silent node is lost within two intervals") {
  add_node("node-1");
  add_node("node-2");

  cut("node-1");
  run_for(2 * interval);

  CHECK(domains()[0].nodes == 1);
}

TEST_CASE_FIXTURE(world,
                  "keep-alive: a node that answers in time is not lost") {
  add_node("node-1");
  start({function("f", "sink")});

  cut("node-1");
  run_for(interval / 2);
  reconnect("node-1");
  run_for(3 * interval);

  CHECK(placed_on("f") == "node-1");
  CHECK(status_of("f").restarts == 0);
}

TEST_CASE_FIXTURE(
  world, "keep-alive: an orchestrator that stalled itself loses no node") {
  add_node("node-1");
  start({function("f", "sink")});
  cut("node-1");
  run_for(interval);

  advance_clock(interval + interval / 2);
  reconnect("node-1");
  run_for(3 * interval);

  CHECK(orchestrator_state_of().options.counts->nodes_lost == 0);
  CHECK(orchestrator_state_of().options.counts->stalls == 1);
  CHECK(status_of("f").restarts == 0);
}

TEST_CASE_FIXTURE(short_interval, "keep-alive: an orchestrator that stalled "
                                  "itself polls a silent node only once more") {
  auto& counts = *orchestrator_state_of().options.counts;
  add_node("node-1");
  cut("node-1");
  run_for(400ms);

  advance_clock(600ms);
  run_until_idle();
  CHECK(counts.nodes_lost == 0);
  advance_clock(600ms);
  run_until_idle();

  CHECK(counts.nodes_lost == 1);
}

TEST_CASE_FIXTURE(world,
                  "keep-alive: a stall of the whole process loses no node") {
  add_node("node-1");
  start({function("f", "sink")});
  auto before = status_of("f").instance;

  advance_clock(1min);
  run_for(1min);

  CHECK(orchestrator_state_of().options.counts->nodes_lost == 0);
  CHECK(status_of("f").instance == before);
  CHECK(nodes_running("f") == lines{"node-1"});
}

TEST_CASE_FIXTURE(
  world, "keep-alive: a node with a broken connection is lost at once") {
  add_node("node-1");

  kill("node-1");

  CHECK(domains()[0].nodes == 0);
}

TEST_CASE_FIXTURE(
  world,
  "keep-alive: a node with a broken connection rejoins with its instances") {
  add_node("node-1");
  start({function("f", "sink")});
  auto before = status_of("f").instance;

  reset("node-1", "domain-1");
  run_for(1s);

  CHECK(domains()[0].nodes == 1);
  CHECK(status_of("f").instance == before);
  CHECK(nodes_running("f") == lines{"node-1"});
}

TEST_CASE_FIXTURE(without_polling,
                  "keep-alive: without polling, silence alone loses no node") {
  add_node("node-1");
  start({function("f", "sink")});

  cut("node-1");
  run_for(limits::silence - 1s);
  reconnect("node-1");
  run_for(1min);

  CHECK(placed_on("f") == "node-1");
  CHECK(status_of("f").restarts == 0);
}

TEST_CASE_FIXTURE(
  without_polling,
  "keep-alive: without polling, a broken connection loses the node") {
  add_node("node-1");
  add_node("node-2");
  start({function("f", "sink"), function("g", "sink")});
  auto old = placed_on("f");

  cut(old);
  run_for(limits::silence);

  CHECK(placed_on("f") != old);
  CHECK(placed_on("f") == placed_on("g"));
}

TEST_CASE_FIXTURE(
  without_polling,
  "keep-alive: without polling, a pending component starts on a new node") {
  add_node("node-1");
  start({function("f", "sink")});
  kill("node-1");
  REQUIRE(placed_on("f") == "nowhere");

  add_node("node-2");

  CHECK(placed_on("f") == "node-2");
}

TEST_CASE_FIXTURE(without_polling,
                  "keep-alive: without polling, a failed start is retried") {
  auto healthy = false;
  scripts["shy"] = [&](guest_host&, const guest_event&) -> step {
    return healthy ? step{} : step{trap{"not yet"}};
  };
  add_node("node-1");
  start({function("f", "shy")});
  REQUIRE(placed_on("f") == "nowhere");

  healthy = true;
  run_for(limits::retry_without_polling);

  CHECK(placed_on("f") == "node-1");
}

TEST_CASE_FIXTURE(
  world, "reconcile: an instance that vanished from its node is restarted") {
  add_node("node-1");
  start({function("f", "sink")});
  auto& node = node_state_of("node-1");
  auto lost = only_instance(node);
  auto handle = node.instances.find(lost)->handle;

  node.instances.forget(lost);
  caf::anon_send_exit(handle, caf::exit_reason::kill);
  run_for(3 * interval);

  CHECK(status_of("f").instance != lost);
  CHECK(nodes_running("f") == lines{"node-1"});
}

TEST_CASE_FIXTURE(world,
                  "reconcile: an instance of an unknown component is stopped") {
  add_node("node-1");
  start({function("f", "sink")});
  auto& node = node_state_of("node-1");
  auto unwanted = draw<physical_id>(random);
  auto spec = node.instances.find(only_instance(node))->spec;
  spec.id = draw<logical_id>(random);

  caf::anon_send(node_actor{node.self}, atom::start_v, unwanted, spec,
                 output_map{}, std::string{});
  run_until_idle();
  REQUIRE(node.instances.find(unwanted) != nullptr);
  run_for(3 * interval);

  CHECK(node.instances.find(unwanted) == nullptr);
  CHECK(nodes_running("f") == lines{"node-1"});
}

TEST_CASE_FIXTURE(world,
                  "reconcile: a second instance of a component is stopped") {
  add_node("node-1");
  add_node("node-2");
  start({function("f", "sink")});
  auto& here = node_state_of(placed_on("f"));
  auto& there = node_state_of(placed_on("f") == "node-1" ? "node-2" : "node-1");
  auto spec = here.instances.find(only_instance(here))->spec;

  caf::anon_send(node_actor{there.self}, atom::start_v,
                 draw<physical_id>(random), spec, output_map{}, std::string{});
  run_until_idle();
  REQUIRE(nodes_running("f").size() == 2);
  run_for(3 * interval);

  CHECK(nodes_running("f") == lines{placed_on("f")});
}

TEST_CASE_FIXTURE(
  world,
  "reconcile: an unwanted instance is stopped although other components fail") {
  scripts["frail"] = [](guest_host&, const guest_event&) -> step {
    return trap{"no good"};
  };
  add_node("node-1");
  start({function("f", "frail"), function("g", "sink")});
  auto& node = node_state_of("node-1");
  auto unwanted = draw<physical_id>(random);
  auto spec = node.instances.find(only_instance(node))->spec;
  spec.id = draw<logical_id>(random);

  caf::anon_send(node_actor{node.self}, atom::start_v, unwanted, spec,
                 output_map{}, std::string{});
  run_for(3 * interval);

  CHECK(node.instances.find(unwanted) == nullptr);
}
