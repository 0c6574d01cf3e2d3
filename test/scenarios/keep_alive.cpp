// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"

#include <caf/send.hpp>

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

constexpr auto period = 2s;

struct without_polling : world {
  without_polling() : world{options{.keep_alive_interval = 0s}} {
    // nop
  }
};

/// Silence is over long before connections are cut.
struct often_polled : world {
  often_polled() : world{options{.keep_alive_interval = 400ms}} {
    // nop
  }
};

/// The only instance on a node.
physical_id only(node_state& x) {
  REQUIRE(x.instances.size() == 1);
  return x.instances.begin()->first;
}

} // namespace

TEST_CASE_FIXTURE(world, "a cluster at rest stays as it is") {
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

TEST_CASE_FIXTURE(world, "a silent node is lost within two periods") {
  add_node("node-1");
  add_node("node-2");

  cut("node-1");
  run_for(2 * period);

  CHECK(domains()[0].nodes == 1);
}

TEST_CASE_FIXTURE(world, "a node that answers in time is not lost") {
  add_node("node-1");
  start({function("f", "sink")});

  cut("node-1");
  run_for(period / 2);
  reconnect("node-1");
  run_for(3 * period);

  CHECK(placed_on("f") == "node-1");
  CHECK(status_of("f").restarts == 0);
}

TEST_CASE_FIXTURE(world, "who stood still himself accuses nobody") {
  add_node("node-1");
  start({function("f", "sink")});
  cut("node-1");
  run_for(period);

  advance_clock(period + period / 2);
  reconnect("node-1");
  run_for(3 * period);

  CHECK(orchestrator_state_of().options.counts->nodes_lost == 0);
  CHECK(orchestrator_state_of().options.counts->stalls == 1);
  CHECK(status_of("f").restarts == 0);
}

TEST_CASE_FIXTURE(often_polled,
                  "who stood still himself asks again, but only once") {
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

TEST_CASE_FIXTURE(world, "a node that stood still itself stays where it is") {
  add_node("node-1");
  start({function("f", "sink")});
  auto before = status_of("f").instance;

  advance_clock(1min);
  run_for(1min);

  CHECK(orchestrator_state_of().options.counts->nodes_lost == 0);
  CHECK(status_of("f").instance == before);
  CHECK(nodes_running("f") == lines{"node-1"});
}

TEST_CASE_FIXTURE(world, "a broken connection counts at once") {
  add_node("node-1");

  kill("node-1");

  CHECK(domains()[0].nodes == 0);
}

TEST_CASE_FIXTURE(world, "a node whose connection broke joins anew") {
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
                  "without polling, silence alone is no loss") {
  add_node("node-1");
  start({function("f", "sink")});

  cut("node-1");
  run_for(limits::silence - 1s);
  reconnect("node-1");
  run_for(1min);

  CHECK(placed_on("f") == "node-1");
  CHECK(status_of("f").restarts == 0);
}

TEST_CASE_FIXTURE(without_polling,
                  "without polling, a broken connection is a loss") {
  add_node("node-1");
  add_node("node-2");
  start({function("f", "sink"), function("g", "sink")});
  auto old = placed_on("f");

  cut(old);
  run_for(limits::silence);

  CHECK(placed_on("f") != old);
  CHECK(placed_on("f") == placed_on("g"));
}

TEST_CASE_FIXTURE(without_polling,
                  "without polling, what is pending starts on a new node") {
  add_node("node-1");
  start({function("f", "sink")});
  kill("node-1");
  REQUIRE(placed_on("f") == "nowhere");

  add_node("node-2");

  CHECK(placed_on("f") == "node-2");
}

TEST_CASE_FIXTURE(without_polling,
                  "without polling, a failed start is tried again") {
  auto sound = false;
  scripts["shy"] = [&](guest_host&, const guest_event&) -> step {
    return sound ? step{} : step{trap{"not yet"}};
  };
  add_node("node-1");
  start({function("f", "shy")});
  REQUIRE(placed_on("f") == "nowhere");

  sound = true;
  run_for(limits::retry_without_polling);

  CHECK(placed_on("f") == "node-1");
}

TEST_CASE_FIXTURE(world, "an instance that vanished from its node is healed") {
  add_node("node-1");
  start({function("f", "sink")});
  auto& node = node_state_of("node-1");
  auto lost = only(node);
  auto handle = node.instances.find(lost)->handle;

  node.instances.forget(lost);
  caf::anon_send_exit(handle, caf::exit_reason::kill);
  run_for(3 * period);

  CHECK(status_of("f").instance != lost);
  CHECK(nodes_running("f") == lines{"node-1"});
}

TEST_CASE_FIXTURE(world, "an instance that belongs to nobody is stopped") {
  add_node("node-1");
  start({function("f", "sink")});
  auto& node = node_state_of("node-1");
  auto stray = draw<physical_id>(random);
  auto spec = node.instances.find(only(node))->spec;
  spec.id = draw<logical_id>(random);

  caf::anon_send(node_actor{node.self}, atom::start_v, stray, spec,
                 output_map{}, std::string{});
  run_until_idle();
  REQUIRE(node.instances.contains(stray));
  run_for(3 * period);

  CHECK(!node.instances.contains(stray));
  CHECK(nodes_running("f") == lines{"node-1"});
}

TEST_CASE_FIXTURE(world, "a second instance of a function is stopped") {
  add_node("node-1");
  add_node("node-2");
  start({function("f", "sink")});
  auto& here = node_state_of(placed_on("f"));
  auto& there = node_state_of(placed_on("f") == "node-1" ? "node-2" : "node-1");
  auto spec = here.instances.find(only(here))->spec;

  caf::anon_send(node_actor{there.self}, atom::start_v,
                 draw<physical_id>(random), spec, output_map{}, std::string{});
  run_until_idle();
  REQUIRE(nodes_running("f").size() == 2);
  run_for(3 * period);

  CHECK(nodes_running("f") == lines{placed_on("f")});
}

TEST_CASE_FIXTURE(world, "a stray is stopped while others fail to start") {
  scripts["frail"] = [](guest_host&, const guest_event&) -> step {
    return trap{"no good"};
  };
  add_node("node-1");
  start({function("f", "frail"), function("g", "sink")});
  auto& node = node_state_of("node-1");
  auto stray = draw<physical_id>(random);
  auto spec = node.instances.find(only(node))->spec;
  spec.id = draw<logical_id>(random);

  caf::anon_send(node_actor{node.self}, atom::start_v, stray, spec,
                 output_map{}, std::string{});
  run_for(3 * period);

  CHECK(!node.instances.contains(stray));
}
