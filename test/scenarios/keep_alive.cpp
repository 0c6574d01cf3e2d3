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
  auto before = look("sink").instance;

  pass(10min);

  CHECK(look("sink").instance == before);
  CHECK(look("sink").restarts == 0);
  CHECK(domains()[0].nodes == 2);
}

TEST_CASE_FIXTURE(world,
                  "keep-alive: a silent node is lost within two intervals") {
  add_node("node-1");
  add_node("node-2");

  cut("node-1");
  pass(2 * interval);

  CHECK(domains()[0].nodes == 1);
}

TEST_CASE_FIXTURE(world,
                  "keep-alive: a node that answers in time is not lost") {
  add_node("node-1");
  start({function("f", "sink")});

  cut("node-1");
  pass(interval / 2);
  mend("node-1");
  pass(3 * interval);

  CHECK(home("f") == "node-1");
  CHECK(look("f").restarts == 0);
}

TEST_CASE_FIXTURE(
  world, "keep-alive: an orchestrator that stalled itself loses no node") {
  add_node("node-1");
  start({function("f", "sink")});
  cut("node-1");
  pass(interval);

  hurry(interval + interval / 2);
  mend("node-1");
  pass(3 * interval);

  CHECK(inside_domain().options.counts->nodes_lost == 0);
  CHECK(inside_domain().options.counts->stalls == 1);
  CHECK(look("f").restarts == 0);
}

TEST_CASE_FIXTURE(short_interval,
                  "keep-alive: an orchestrator that stalled itself polls a silent node only once more") {
  auto& counts = *inside_domain().options.counts;
  add_node("node-1");
  cut("node-1");
  pass(400ms);

  hurry(600ms);
  settle();
  CHECK(counts.nodes_lost == 0);
  hurry(600ms);
  settle();

  CHECK(counts.nodes_lost == 1);
}

TEST_CASE_FIXTURE(world,
                  "keep-alive: a stall of the whole process loses no node") {
  add_node("node-1");
  start({function("f", "sink")});
  auto before = look("f").instance;

  hurry(1min);
  pass(1min);

  CHECK(inside_domain().options.counts->nodes_lost == 0);
  CHECK(look("f").instance == before);
  CHECK(sightings("f") == lines{"node-1"});
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
  auto before = look("f").instance;

  reset("node-1", "domain-1");
  pass(1s);

  CHECK(domains()[0].nodes == 1);
  CHECK(look("f").instance == before);
  CHECK(sightings("f") == lines{"node-1"});
}

TEST_CASE_FIXTURE(without_polling,
                  "keep-alive: without polling, silence alone loses no node") {
  add_node("node-1");
  start({function("f", "sink")});

  cut("node-1");
  pass(limits::silence - 1s);
  mend("node-1");
  pass(1min);

  CHECK(home("f") == "node-1");
  CHECK(look("f").restarts == 0);
}

TEST_CASE_FIXTURE(
  without_polling,
  "keep-alive: without polling, a broken connection loses the node") {
  add_node("node-1");
  add_node("node-2");
  start({function("f", "sink"), function("g", "sink")});
  auto old = home("f");

  cut(old);
  pass(limits::silence);

  CHECK(home("f") != old);
  CHECK(home("f") == home("g"));
}

TEST_CASE_FIXTURE(
  without_polling,
  "keep-alive: without polling, a pending component starts on a new node") {
  add_node("node-1");
  start({function("f", "sink")});
  kill("node-1");
  REQUIRE(home("f") == "nowhere");

  add_node("node-2");

  CHECK(home("f") == "node-2");
}

TEST_CASE_FIXTURE(without_polling,
                  "keep-alive: without polling, a failed start is retried") {
  auto healthy = false;
  scripts["shy"] = [&](guest_host&, const guest_event&) -> step {
    return healthy ? step{} : step{trap{"not yet"}};
  };
  add_node("node-1");
  start({function("f", "shy")});
  REQUIRE(home("f") == "nowhere");

  healthy = true;
  pass(limits::retry_without_polling);

  CHECK(home("f") == "node-1");
}

TEST_CASE_FIXTURE(
  world, "reconcile: an instance that vanished from its node is restarted") {
  add_node("node-1");
  start({function("f", "sink")});
  auto& node = inside("node-1");
  auto lost = only_instance(node);
  auto handle = node.instances[lost].handle;

  node.set_running(lost, node.instances[lost], false);
  node.instances.clear();
  caf::anon_send_exit(handle, caf::exit_reason::kill);
  pass(3 * interval);

  CHECK(look("f").instance != lost);
  CHECK(sightings("f") == lines{"node-1"});
}

TEST_CASE_FIXTURE(world,
                  "reconcile: an instance of an unknown component is stopped") {
  add_node("node-1");
  start({function("f", "sink")});
  auto& node = inside("node-1");
  auto unwanted = draw<physical_id>(random);
  auto spec = node.instances[only_instance(node)].spec;
  spec.id = draw<logical_id>(random);

  caf::anon_send(node_actor{node.self}, atom::start_v, unwanted, spec,
                 output_map{}, std::string{});
  settle();
  REQUIRE(node.instances.contains(unwanted));
  pass(3 * interval);

  CHECK(!node.instances.contains(unwanted));
  CHECK(sightings("f") == lines{"node-1"});
}

TEST_CASE_FIXTURE(world,
                  "reconcile: a second instance of a component is stopped") {
  add_node("node-1");
  add_node("node-2");
  start({function("f", "sink")});
  auto& here = inside(home("f"));
  auto& there = inside(home("f") == "node-1" ? "node-2" : "node-1");
  auto spec = here.instances[only_instance(here)].spec;

  caf::anon_send(node_actor{there.self}, atom::start_v,
                 draw<physical_id>(random), spec, output_map{}, std::string{});
  settle();
  REQUIRE(sightings("f").size() == 2);
  pass(3 * interval);

  CHECK(sightings("f") == lines{home("f")});
}

TEST_CASE_FIXTURE(
  world,
  "reconcile: an unwanted instance is stopped although other components fail") {
  scripts["frail"] = [](guest_host&, const guest_event&) -> step {
    return trap{"no good"};
  };
  add_node("node-1");
  start({function("f", "frail"), function("g", "sink")});
  auto& node = inside("node-1");
  auto unwanted = draw<physical_id>(random);
  auto spec = node.instances[only_instance(node)].spec;
  spec.id = draw<logical_id>(random);

  caf::anon_send(node_actor{node.self}, atom::start_v, unwanted, spec,
                 output_map{}, std::string{});
  pass(3 * interval);

  CHECK(!node.instances.contains(unwanted));
}
