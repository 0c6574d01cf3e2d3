// SPDX-License-Identifier: MIT
#include "runtime/placement/placement.hpp"

#include <doctest/doctest.h>

#include <algorithm>
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

random_source seeded() {
  return std::mt19937_64{4711};
}

node_picker knowing(placement_strategy strategy, random_source random,
                    const std::vector<node_description>& nodes) {
  node_picker result(strategy, std::move(random));
  for (auto& x : nodes)
    result.put(x);
  return result;
}

/// The last part of the id of the picked node; 0: none.
std::uint64_t pick(node_picker& picker, const requirements& needs) {
  auto result = picker.pick(needs);
  return result ? result->low : 0;
}

/// How often each node is picked.
std::map<std::uint64_t, int> histogram(node_picker& picker,
                                       const requirements& needs) {
  std::map<std::uint64_t, int> result;
  for (int i = 0; i < draws; ++i)
    ++result[pick(picker, needs)];
  return result;
}

/// Within five standard deviations: fails once in two million seeds.
bool likely(int seen, double share) {
  auto expected = draws * share;
  return std::abs(seen - expected) < 5 * std::sqrt(expected * (1 - share));
}

} // namespace

TEST_CASE(
  "placement: Random weighs nodes by CPUs times cores times frequency") {
  auto picker
    = knowing(placement_strategy::random, seeded(),
              {node(1, 1, 1, 1000), node(2, 2, 1, 1000), node(3, 2, 2, 750)});

  auto seen = histogram(picker, function());

  CHECK(likely(seen[1], 1.0 / 6));
  CHECK(likely(seen[2], 2.0 / 6));
  CHECK(likely(seen[3], 3.0 / 6));
}

TEST_CASE("placement: a node of unknown frequency has weight 1") {
  auto unknown = node(1, 8, 8, 0);
  auto picker = knowing(placement_strategy::random, seeded(),
                        {unknown, node(2, 3, 1, 1)});

  auto seen = histogram(picker, function());

  CHECK(placement_weight(unknown.capabilities) == 1);
  CHECK(likely(seen[1], 0.25));
}

TEST_CASE(
  "placement: a weight is finite and positive, whatever a node announces") {
  auto weight = [](double mhz) {
    return placement_weight(node(1, 4, 4, mhz).capabilities);
  };
  CHECK(weight(-1) == 1);
  CHECK(weight(std::nan("")) == 1);
  CHECK(std::isfinite(weight(std::numeric_limits<double>::infinity())));
}

TEST_CASE(
  "placement: removing a node of huge weight keeps the weights of the others") {
  auto picker = knowing(placement_strategy::random, seeded(),
                        {node(1), node(2, 1, 1, 1e300), node(3)});
  CHECK(pick(picker, function()) == 2);

  picker.remove({1, 2});
  auto seen = histogram(picker, function());

  CHECK(likely(seen[1], 0.5));
  CHECK(likely(seen[3], 0.5));
}

TEST_CASE("placement: Random never picks an infeasible node") {
  auto better = node(1, 64, 64, 5000);
  better.capabilities.runtimes = {};
  auto picker
    = knowing(placement_strategy::random, seeded(), {better, node(2)});

  CHECK(histogram(picker, function()).at(2) == draws);
}

TEST_CASE("placement: Random picks the first and the last node at the limits "
          "of the random source") {
  auto nodes = {node(1), node(2), node(3)};
  auto low = knowing(
    placement_strategy::random, [] { return 0ull; }, nodes);
  auto high = knowing(
    placement_strategy::random, [] { return ~0ull; }, nodes);

  CHECK(pick(low, function()) == 1);
  CHECK(pick(high, function()) == 3);
}

TEST_CASE(
  "placement: RoundRobin takes one node after the other and begins again") {
  auto picker = knowing(placement_strategy::round_robin, seeded(),
                        {node(1), node(2), node(3)});

  CHECK(pick(picker, function()) == 1);
  CHECK(pick(picker, function()) == 2);
  CHECK(pick(picker, function()) == 3);
  CHECK(pick(picker, function()) == 1);
}

TEST_CASE("placement: RoundRobin follows the order of ids, not of arrival") {
  auto picker = knowing(placement_strategy::round_robin, seeded(),
                        {node(3), node(1), node(2)});

  CHECK(pick(picker, function()) == 1);
  CHECK(pick(picker, function()) == 2);
  CHECK(pick(picker, function()) == 3);
}

TEST_CASE("placement: RoundRobin skips infeasible nodes") {
  auto idle = node(2);
  idle.capabilities.runtimes = {};
  auto picker = knowing(placement_strategy::round_robin, seeded(),
                        {node(1), idle, node(3)});

  CHECK(pick(picker, function()) == 1);
  CHECK(pick(picker, function()) == 3);
  CHECK(pick(picker, function()) == 1);
}

TEST_CASE("placement: RoundRobin keeps its position when nodes come and go") {
  auto picker = knowing(placement_strategy::round_robin, seeded(),
                        {node(1), node(2), node(3)});
  pick(picker, function());
  pick(picker, function());

  picker.remove({1, 2});
  picker.put(node(4));

  CHECK(pick(picker, function()) == 3);
}

TEST_CASE("placement: RoundRobin keeps one position for all requirements") {
  auto camera = node(2);
  camera.capabilities.labels = {"camera"};
  auto picker = knowing(placement_strategy::round_robin, seeded(),
                        {node(1), camera, node(3)});
  auto needs = function();
  needs.labels = {"camera"};
  pick(picker, needs);

  CHECK(pick(picker, function()) == 3);
}

TEST_CASE("placement: nothing is picked without a feasible node") {
  auto nodes = {node(1, 0), node(2, 0)};
  auto random = knowing(placement_strategy::random, seeded(), nodes);
  auto in_turn = knowing(placement_strategy::round_robin, seeded(), nodes);
  auto empty = knowing(placement_strategy::random, seeded(), {});

  CHECK(!random.pick(function()));
  CHECK(!in_turn.pick(function()));
  CHECK(!random.pick(resource()));
  CHECK(!empty.pick(function()));
  CHECK(!random.any_feasible(function()));
}

TEST_CASE("placement: every provider of a class is equally likely, whatever "
          "the strategy") {
  auto picker = knowing(
    placement_strategy::round_robin, seeded(),
    {with_providers(1, 1), with_providers(2, 0), with_providers(3, 2)});

  auto seen = histogram(picker, resource());

  CHECK(likely(seen[1], 1.0 / 3));
  CHECK(seen[2] == 0);
  CHECK(likely(seen[3], 2.0 / 3));
}

TEST_CASE("placement: a new description of a node replaces the old one") {
  auto picker = knowing(placement_strategy::round_robin, seeded(), {node(1)});
  auto needs = function();
  needs.labels = {"camera"};
  CHECK(!picker.any_feasible(needs));

  auto x = node(1);
  x.capabilities.labels = {"camera"};
  picker.put(x);
  CHECK(pick(picker, needs) == 1);

  picker.put(node(1));
  CHECK(!picker.any_feasible(needs));
}

TEST_CASE("placement: the strategy applies to the nodes of node_id_match_any") {
  auto needs = function();
  needs.pinned = true;
  needs.nodes = {{1, 3}, {1, 1}, {1, 3}, {1, 9}};
  auto nodes = {node(1), node(2), node(3)};
  auto in_turn = knowing(placement_strategy::round_robin, seeded(), nodes);
  auto random = knowing(placement_strategy::random, seeded(), nodes);

  CHECK(pick(in_turn, needs) == 1);
  CHECK(pick(in_turn, needs) == 3);
  CHECK(pick(in_turn, needs) == 1);
  auto seen = histogram(random, needs);
  CHECK(likely(seen[1], 0.5));
  CHECK(likely(seen[3], 0.5));
}

// -- against a scan of all nodes ----------------------------------------------

namespace {

/// Draws nodes and requirements of few kinds, so that they often meet.
struct lottery {
  explicit lottery(std::uint64_t seed) : random(seed) {
    // nop
  }

  bool one_in(std::uint64_t n) {
    return random() % n == 0;
  }

  node_description any_node() {
    auto x = node(1 + random() % 40, 1 + random() % 3, one_in(9) ? 0 : 1, 500);
    for (auto label : {"a", "b", "c"})
      if (one_in(2))
        x.capabilities.labels.emplace_back(label);
    if (one_in(5))
      x.capabilities.runtimes = {"CONTAINER"};
    x.capabilities.is_tee_running = one_in(3);
    x.capabilities.has_tpm = one_in(3);
    for (auto n = random() % 3; n > 0; --n)
      x.providers.push_back(
        {"p" + std::to_string(n), one_in(2) ? "file-log" : "redis", {}});
    return x;
  }

  requirements any_needs() {
    auto x = one_in(4) ? resource() : function();
    for (auto label : {"a", "b", "c"})
      if (one_in(4))
        x.labels.emplace_back(label);
    if (one_in(6))
      x.providers = {"p1"};
    x.tee = one_in(6);
    x.tpm = one_in(6);
    x.pinned = one_in(8);
    for (int i = 0; x.pinned && i < 4; ++i)
      x.nodes.push_back({1, 1 + random() % 45});
    return x;
  }

  std::mt19937_64 random;
};

using members = std::map<std::uint64_t, node_description>;

/// What each node weighs, as a scan finds it.
std::map<std::uint64_t, double> scan(const members& all,
                                     const requirements& needs) {
  std::map<std::uint64_t, double> result;
  for (auto& [id, x] : all)
    if (feasible(needs, x))
      result[id] = needs.kind == component_kind::resource
                     ? static_cast<double>(
                       std::ranges::count(x.providers, needs.provider_class,
                                          &provider_description::class_type))
                     : placement_weight(x.capabilities);
  return result;
}

std::uint64_t after(const std::map<std::uint64_t, double>& all,
                    std::uint64_t last) {
  auto i = all.upper_bound(last);
  return all.empty() ? 0 : i == all.end() ? all.begin()->first : i->first;
}

/// Picks with evenly spaced random numbers: each node gets its share, except
/// for one pick at either end.
void check_shares(node_picker& picker, std::uint64_t& point,
                  const requirements& needs,
                  const std::map<std::uint64_t, double>& expected) {
  constexpr std::uint64_t questions = 128;
  std::map<std::uint64_t, double> seen;
  for (std::uint64_t i = 0; i < questions; ++i) {
    point = (2 * i + 1) << 56;
    ++seen[pick(picker, needs)];
  }
  double total = 0;
  for (auto& [id, weight] : expected)
    total += weight;
  if (expected.empty())
    CHECK(seen == std::map<std::uint64_t, double>{{0, questions}});
  for (auto& [id, weight] : expected)
    CHECK(std::abs(seen[id] - weight / total * questions) <= 1);
}

} // namespace

TEST_CASE(
  "placement: picks as a scan of all nodes would, whatever comes and goes") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed ", seed);
    lottery delivery_stats{seed};
    std::uint64_t point = 0;
    node_picker random(placement_strategy::random, [&] { return point; });
    node_picker in_turn(placement_strategy::round_robin, [&] { return point; });
    members all;
    std::uint64_t last = 0;
    for (int i = 0; i < 150; ++i) {
      auto x = delivery_stats.any_node();
      if (delivery_stats.one_in(3)) {
        all.erase(x.id.low);
        random.remove(x.id);
        in_turn.remove(x.id);
      } else {
        all[x.id.low] = x;
        random.put(x);
        in_turn.put(x);
      }
      auto needs = delivery_stats.any_needs();
      auto expected = scan(all, needs);
      CHECK(random.any_feasible(needs) == !expected.empty());
      check_shares(random, point, needs, expected);
      if (needs.kind == component_kind::function) {
        auto next = after(expected, last);
        CHECK(pick(in_turn, needs) == next);
        last = next != 0 ? next : last;
      }
    }
    CHECK(random.size() == all.size());
  }
}

TEST_CASE("placement: strategy names are case-insensitive") {
  CHECK(parse_placement_strategy("Random") == placement_strategy::random);
  CHECK(parse_placement_strategy("ROUNDROBIN")
        == placement_strategy::round_robin);
  CHECK(to_string(placement_strategy::round_robin) == "RoundRobin");
}

TEST_CASE("placement: an unknown strategy name is refused") {
  CHECK(!parse_placement_strategy("Round-Robin"));
  CHECK(!parse_placement_strategy(""));
}
