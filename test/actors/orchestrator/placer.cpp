// SPDX-License-Identifier: MIT
#include "actors/orchestrator/placer.hpp"

#include "messages/limits.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace edgeless;

namespace {

struct placer_fixture {
  node_id add(std::vector<std::string> labels = {}) {
    node_description x;
    x.id = draw<node_id>(random);
    x.capabilities.num_cpus = x.capabilities.num_cores = 1;
    x.capabilities.runtimes = {"RUST_WASM"};
    x.capabilities.labels = std::move(labels);
    nodes.add(x, {x.id, draw<session_id>(random), "http://node:7002", {}});
    return x.id;
  }

  static component_spec function(const std::string& label = "") {
    component_spec x;
    x.function_type = "RUST_WASM";
    if (!label.empty())
      x.settings["label_match_all"] = label;
    return x;
  }

  random_source random = [n = std::mt19937_64{}]() mutable {
    return n();
  };
  std::shared_ptr<domain_counters> counts = std::make_shared<domain_counters>();
  placer nodes{placement_strategy::round_robin, random, counts};
};

} // namespace

TEST_CASE_FIXTURE(placer_fixture, "placer: chooses a feasible node") {
  add();
  auto camera = add({"camera"});

  auto at = nodes.choose(function("camera"));

  REQUIRE(at);
  CHECK(at->node == camera);
  CHECK(at->session == nodes.find(camera)->session);
  CHECK(counts->placements == 1);
}

TEST_CASE_FIXTURE(placer_fixture, "placer: reports why no node is feasible") {
  CHECK(nodes.why_nowhere(function()) == "no node has joined the domain");
  add();

  CHECK(!nodes.choose(function("camera")));
  CHECK(counts->infeasible == 1);
  CHECK(nodes.why_nowhere(function()).empty());
  CHECK(nodes.why_nowhere(function("camera"))
        == "label \"camera\" is missing (1 node)");
}

TEST_CASE_FIXTURE(placer_fixture,
                  "placer: summarises the reasons of many nodes") {
  for (auto i = 0; i < 1000; ++i)
    add({"roof"});
  add({"camera"});

  CHECK(nodes.why_nowhere(function("camera,roof"))
        == "label \"camera\" is missing (1000 nodes); label \"roof\" is "
           "missing (1 node)");
}

TEST_CASE_FIXTURE(placer_fixture,
                  "placer: the reasons of many components fit into a frame") {
  add();
  std::vector<component_spec> specs(limits::components,
                                    function(std::string(2000, 'L')));

  std::size_t size = 0;
  for (auto& x : nodes.why_not(specs).reasons) {
    CHECK(x.starts_with("label \"LLL"));
    size += x.size();
  }
  CHECK(size <= limits::reasons);
}

TEST_CASE_FIXTURE(placer_fixture,
                  "placer: names components that no node could ever host") {
  add();
  auto camera = add({"camera"});
  nodes.set_cordon(camera, true);

  CHECK(nodes.why_not({function(), function("roof"), function("camera")})
        == obstacles{{"",
                      "label \"roof\" is missing (2 nodes); is cordoned (1 "
                      "node)",
                      "is cordoned (1 node); label \"camera\" is missing (1 "
                      "node)"},
                     {1}});
}

TEST_CASE_FIXTURE(
  placer_fixture,
  "placer: what a node that has left could host may come back") {
  add();
  auto camera = add({"camera"});
  nodes.remove(camera);

  CHECK(nodes.why_not({function("camera")}).never.empty());
  CHECK(nodes.why_not({function("roof")}).never.size() == 1);
}

TEST_CASE_FIXTURE(
  placer_fixture,
  "placer: remembers a bounded number of nodes that have left") {
  for (std::size_t i = 0; i <= limits::former_nodes; ++i)
    nodes.remove(add({"camera " + std::to_string(i)}));

  std::size_t forgotten = 0;
  for (std::size_t i = 0; i <= limits::former_nodes; ++i)
    forgotten
      += nodes.is_never_feasible(function("camera " + std::to_string(i)));
  CHECK(forgotten == 1);
}

TEST_CASE_FIXTURE(
  placer_fixture,
  "placer: before a node with CPUs joins, nothing is for ever") {
  CHECK(nodes.why_not({function()}).never.empty());
  node_description collector;
  collector.id = draw<node_id>(random);
  collector.providers.push_back({"metrics-collector", "metrics-collector", {}});
  nodes.add(collector,
            {collector.id, draw<session_id>(random), "http://node:7002", {}});

  CHECK(nodes.why_not({function()}).never.empty());
}

TEST_CASE_FIXTURE(placer_fixture, "placer: a removed node is not chosen") {
  auto node = add();

  nodes.remove(node);

  CHECK(!nodes.choose(function()));
  CHECK(nodes.find(node) == nullptr);
  CHECK(nodes.why_not(function(), node)
        == std::vector<std::string>{"is not in this domain"});
}

TEST_CASE_FIXTURE(placer_fixture,
                  "placer: a cordoned node is not chosen until uncordoned") {
  auto node = add();

  CHECK(nodes.set_cordon(node, true));
  CHECK(!nodes.set_cordon(node, true));
  CHECK(!nodes.choose(function()));
  CHECK(nodes.why_not(function(), node)
        == std::vector<std::string>{"is cordoned"});

  CHECK(nodes.set_cordon(node, false));
  CHECK(nodes.choose(function()));
}

TEST_CASE_FIXTURE(placer_fixture, "placer: a cordon survives a new session") {
  auto node = add();
  nodes.set_cordon(node, true);
  node_description again;
  again.id = node;
  again.capabilities.runtimes = {"RUST_WASM"};

  nodes.remove(node);
  nodes.add(again, {node, draw<session_id>(random), "http://node:7003", {}});

  CHECK(nodes.is_cordoned(node));
  CHECK(!nodes.choose(function()));
}

TEST_CASE_FIXTURE(placer_fixture, "placer: describes the sum of its nodes") {
  add({"camera"});
  add({"camera", "roof"});

  auto x = nodes.describe();

  CHECK(x.nodes == 2);
  CHECK(x.total.num_cpus == 2);
  CHECK(x.total.labels == std::vector<std::string>{"camera", "roof"});
}
