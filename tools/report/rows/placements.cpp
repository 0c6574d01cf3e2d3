// SPDX-License-Identifier: MIT
#include "tools/report/parts.hpp"

#include "runtime/placement/placement.hpp"

#include <random>

namespace edgeless::benchmark {

namespace {

using nodes = std::vector<node_description>;

nodes make_nodes(std::size_t count) {
  auto random = os_random();
  nodes result(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto& x = result[i];
    x.id = draw<node_id>(random);
    x.capabilities.num_cpus = 1;
    x.capabilities.num_cores = 4;
    x.capabilities.clock_freq_cpu = 2000;
    x.capabilities.labels = {"edge", i % 2 ? "odd" : "even"};
    x.capabilities.runtimes = {"RUST_WASM"};
  }
  return result;
}

component_spec make_component(bool labelled) {
  component_spec result;
  result.function_type = "RUST_WASM";
  if (labelled)
    result.settings["label_match_all"] = "edge,even";
  return result;
}

/// Calls per second, one sample per pace.
template <class F>
std::vector<double> rates_of(const plan& how, F decide) {
  std::vector<double> result;
  for (std::size_t i = 0; i < how.repeats(10); ++i) {
    std::size_t made = 0;
    auto start = clock::now();
    while (clock::now() - start < how.pace() / 5)
      for (int k = 0; k < 10; ++k)
        made += decide();
    result.push_back(static_cast<double>(made) / seconds_since(start));
  }
  return result;
}

/// The baseline: any node, feasible or not.
double look_up_rate(const plan& how, const nodes& all) {
  std::mt19937_64 random{1};
  return median(rates_of(how, [&] {
    volatile auto id = all[random() % all.size()].id.low;
    return id != 0;
  }));
}

/// Without an index: checks each node.
row scan(const plan& how, const nodes& all, const component_spec& spec) {
  row result{"placement decisions among " + std::to_string(all.size())
             + " nodes, looking at each"};
  std::mt19937_64 random{1};
  std::vector<node_id> found;
  result.samples = rates_of(how, [&] {
    auto needs = requirements_of(spec);
    found.clear();
    for (auto& x : all)
      if (feasible(needs, x))
        found.push_back(x.id);
    volatile auto id = found[random() % found.size()].low;
    return id != 0;
  });
  return result;
}

row measure(const plan& how, const nodes& all, placement_strategy strategy,
            bool labelled) {
  row result{"placement decisions among " + std::to_string(all.size())
             + " nodes, " + to_string(strategy)
             + (labelled ? ", labels required" : "")};
  auto spec = make_component(labelled);
  node_picker picker{strategy, std::mt19937_64{1}};
  for (auto& x : all)
    picker.put(x);
  result.samples = rates_of(
    how, [&] { return picker.pick(requirements_of(spec)).has_value(); });
  return result;
}

/// Nodes that join or leave while the index holds all nodes and many kinds of
/// requirements.
row measure_changes(const plan& how, const nodes& all) {
  row result{"nodes that join or leave, of " + std::to_string(all.size())
             + ", with 64 kinds of requirements known"};
  node_picker picker{placement_strategy::random, std::mt19937_64{1}};
  for (auto& x : all)
    picker.put(x);
  for (int i = 0; i < 64; ++i) {
    auto needs = requirements_of(make_component(true));
    needs.labels.push_back(std::to_string(i));
    picker.any_feasible(needs);
  }
  std::size_t next = 0;
  result.samples = rates_of(how, [&] {
    auto& x = all[next++ / 2 % all.size()];
    if (next % 2 == 1)
      picker.remove(x.id);
    else
      picker.put(x);
    return true;
  });
  return result;
}

} // namespace

rows placements(const plan& how) {
  rows result;
  for (std::size_t count : {10u, 100u, 1000u, 10'000u}) {
    auto all = make_nodes(count);
    auto baseline = look_up_rate(how, all);
    for (auto strategy :
         {placement_strategy::random, placement_strategy::round_robin})
      for (auto labelled : {false, true}) {
        result.push_back(measure(how, all, strategy, labelled));
        result.back().baseline = {"array look-up", baseline};
      }
    result.push_back(scan(how, all, make_component(true)));
  }
  result.push_back(measure_changes(how, make_nodes(10'000)));
  return result;
}

} // namespace edgeless::benchmark
