// SPDX-License-Identifier: MIT
#include "runtime/placement.hpp"

#include "tools/benchmark/parts.hpp"

namespace edgeless::benchmark {

namespace {

std::vector<node_description> make_nodes(std::size_t count) {
  auto random = machine_chance();
  std::vector<node_description> result(count);
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

row measure(const plan& how, std::size_t count, placement_strategy strategy) {
  row result{"placement decisions among " + std::to_string(count) + " nodes, "
             + to_string(strategy)};
  auto nodes = make_nodes(count);
  std::vector<const node_description*> candidates;
  for (auto& x : nodes)
    candidates.push_back(&x);
  requirements needs;
  needs.runtime = "RUST_WASM";
  needs.labels = {"even"};
  node_picker picker{strategy, machine_chance()};
  for (std::size_t i = 0; i < how.repeats(10); ++i) {
    std::size_t made = 0;
    auto start = clock::now();
    while (clock::now() - start < how.pace() / 5)
      for (int k = 0; k < 10; ++k)
        made += picker.pick(needs, candidates).has_value();
    result.samples.push_back(static_cast<double>(made) / seconds_since(start));
  }
  return result;
}

} // namespace

rows placements(const plan& how) {
  rows result;
  for (std::size_t count : {10u, 100u, 1000u})
    for (auto strategy :
         {placement_strategy::random, placement_strategy::round_robin})
      result.push_back(measure(how, count, strategy));
  return result;
}

} // namespace edgeless::benchmark
