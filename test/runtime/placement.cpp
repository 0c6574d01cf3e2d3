// SPDX-License-Identifier: MIT
#include "runtime/placement.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>
#include <random>

using namespace edgeless;

namespace {

constexpr int draws = 30'000;

node_description node(std::uint64_t id, std::uint32_t cpus = 1,
                      std::uint32_t cores = 1, double mhz = 1000) {
  node_description result;
  result.id = {1, id};
  result.capabilities.num_cpus = cpus;
  result.capabilities.num_cores = cores;
  result.capabilities.clock_freq_cpu = mhz;
  result.capabilities.runtimes = {"RUST_WASM"};
  return result;
}

node_description with_providers(std::uint64_t id, std::size_t count) {
  auto result = node(id);
  for (std::size_t i = 0; i < count; ++i)
    result.providers.push_back({"p" + std::to_string(i), "file-log", {}});
  return result;
}

requirements function() {
  requirements result;
  result.runtime = "RUST_WASM";
  return result;
}

requirements resource() {
  requirements result;
  result.kind = component_kind::resource;
  result.provider_class = "file-log";
  return result;
}

chance seeded() {
  return std::mt19937_64{4711};
}

struct cluster {
  explicit cluster(std::vector<node_description> xs) : nodes(std::move(xs)) {
    for (auto& x : nodes)
      view.push_back(&x);
  }

  std::vector<node_description> nodes;
  std::vector<const node_description*> view;
};

/// How often each index comes up.
std::map<std::size_t, int>
histogram(node_picker& picker, const requirements& needs, const cluster& in) {
  std::map<std::size_t, int> result;
  for (int i = 0; i < draws; ++i)
    ++result[picker.pick(needs, in.view).value()];
  return result;
}

/// Within five standard deviations: fails once in two million seeds.
bool likely(int seen, double share) {
  auto expected = draws * share;
  return std::abs(seen - expected) < 5 * std::sqrt(expected * (1 - share));
}

} // namespace

TEST_CASE("Random prefers nodes by CPUs times cores times frequency") {
  cluster in({node(1, 1, 1, 1000), node(2, 2, 1, 1000), node(3, 2, 2, 750)});
  node_picker picker(placement_strategy::random, seeded());

  auto seen = histogram(picker, function(), in);

  CHECK(likely(seen[0], 1.0 / 6));
  CHECK(likely(seen[1], 2.0 / 6));
  CHECK(likely(seen[2], 3.0 / 6));
}

TEST_CASE("a node that does not know its frequency has weight one") {
  auto unknown = node(1, 8, 8, 0);
  cluster in({unknown, node(2, 3, 1, 1)});
  node_picker picker(placement_strategy::random, seeded());

  auto seen = histogram(picker, function(), in);

  CHECK(placement_weight(unknown.capabilities) == 1);
  CHECK(likely(seen[0], 0.25));
}

TEST_CASE("a weight is a sensible number, whatever a node says") {
  auto weight = [](double mhz) {
    return placement_weight(node(1, 4, 4, mhz).capabilities);
  };
  CHECK(weight(-1) == 1);
  CHECK(weight(std::nan("")) == 1);
  CHECK(std::isfinite(weight(std::numeric_limits<double>::infinity())));
}

TEST_CASE("Random never picks a node that is not feasible") {
  cluster in({node(1, 64, 64, 5000), node(2)});
  in.nodes[0].capabilities.runtimes = {};
  node_picker picker(placement_strategy::random, seeded());

  CHECK(histogram(picker, function(), in).at(1) == draws);
}

TEST_CASE("Random picks the first and the last node at the ends of chance") {
  cluster in({node(1), node(2), node(3)});
  node_picker low(placement_strategy::random, [] { return 0ull; });
  node_picker high(placement_strategy::random, [] { return ~0ull; });

  CHECK(low.pick(function(), in.view) == 0);
  CHECK(high.pick(function(), in.view) == 2);
}

TEST_CASE("RoundRobin takes one node after the other and begins again") {
  cluster in({node(1), node(2), node(3)});
  node_picker picker(placement_strategy::round_robin, seeded());

  CHECK(picker.pick(function(), in.view) == 0);
  CHECK(picker.pick(function(), in.view) == 1);
  CHECK(picker.pick(function(), in.view) == 2);
  CHECK(picker.pick(function(), in.view) == 0);
}

TEST_CASE("RoundRobin goes by ids, not by the order of the candidates") {
  cluster in({node(3), node(1), node(2)});
  node_picker picker(placement_strategy::round_robin, seeded());

  CHECK(picker.pick(function(), in.view) == 1);
  CHECK(picker.pick(function(), in.view) == 2);
  CHECK(picker.pick(function(), in.view) == 0);
}

TEST_CASE("RoundRobin passes over nodes that are not feasible") {
  cluster in({node(1), node(2), node(3)});
  in.nodes[1].capabilities.runtimes = {};
  node_picker picker(placement_strategy::round_robin, seeded());

  CHECK(picker.pick(function(), in.view) == 0);
  CHECK(picker.pick(function(), in.view) == 2);
  CHECK(picker.pick(function(), in.view) == 0);
}

TEST_CASE("RoundRobin goes on where it was when nodes come and go") {
  cluster before({node(1), node(2), node(3)});
  cluster after({node(1), node(3), node(4)});
  node_picker picker(placement_strategy::round_robin, seeded());
  picker.pick(function(), before.view);
  picker.pick(function(), before.view);

  CHECK(picker.pick(function(), after.view) == 1);
}

TEST_CASE("nobody is picked where nobody is feasible") {
  cluster in({node(1, 0), node(2, 0)});
  node_picker random(placement_strategy::random, seeded());
  node_picker in_turn(placement_strategy::round_robin, seeded());

  CHECK(!random.pick(function(), in.view));
  CHECK(!in_turn.pick(function(), in.view));
  CHECK(!random.pick(resource(), in.view));
  CHECK(!random.pick(function(), {}));
}

TEST_CASE("every provider of a class is as likely, whatever the strategy") {
  cluster in(
    {with_providers(1, 1), with_providers(2, 0), with_providers(3, 2)});
  node_picker picker(placement_strategy::round_robin, seeded());

  auto seen = histogram(picker, resource(), in);

  CHECK(likely(seen[0], 1.0 / 3));
  CHECK(seen[1] == 0);
  CHECK(likely(seen[2], 2.0 / 3));
}

TEST_CASE("strategies are read in either case") {
  CHECK(parse_placement_strategy("Random") == placement_strategy::random);
  CHECK(parse_placement_strategy("ROUNDROBIN")
        == placement_strategy::round_robin);
  CHECK(to_string(placement_strategy::round_robin) == "RoundRobin");
}

TEST_CASE("what is no strategy is none") {
  CHECK(!parse_placement_strategy("Round-Robin"));
  CHECK(!parse_placement_strategy(""));
}
