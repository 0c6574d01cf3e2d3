// SPDX-License-Identifier: MIT
#include "tools/report/harness/baselines/baselines.hpp"
#include "tools/report/harness/baselines/process_baselines.hpp"
#include "tools/report/harness/in_process/modules.hpp"
#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/parts.hpp"

#include <algorithm>

namespace edgeless::benchmark {

namespace {

constexpr std::size_t batch_size = 1000;

node_id random_node() {
  return draw<node_id>(os_random());
}

/// burst.wat as a module that is in no cache: with a custom section "v" that
/// has a new number.
std::string new_module() {
  static std::uint32_t version = 0;
  auto number = numbers({++version, static_cast<std::uint32_t>(os_random()())});
  return burst_module() + std::string{0, 10, 1, 'v'} + number;
}

/// Measures one start, and stops the instance.
void start_once(node& host, const std::string& module, row& result) {
  auto spec = host.function(module, numbers({0, 0, 0}));
  auto id = draw<physical_id>(os_random());
  caf::error problem;
  auto taken = seconds_of([&] { problem = host.start(id, spec); });
  if (problem)
    result.failure = explain(problem);
  else
    result.samples.push_back(taken);
  host.stop(std::span{&id, 1});
  host.wait_for_at_most(0);
}

row cold(const plan& how) {
  row result{"start of a new class (fetched, compiled)", unit::seconds};
  node host{how.scratch / "code", random_node()};
  for (std::size_t i = 0; i < how.repeats(20); ++i)
    start_once(host, new_module(), result);
  return result;
}

row warm_from_memory(const plan& how) {
  row result{"start of a class in memory (aim: 0.2 ms)", unit::seconds};
  node host{how.scratch / "code", random_node()};
  row first;
  start_once(host, burst_module(), first);
  for (std::size_t i = 0; i < how.repeats(500); ++i)
    start_once(host, burst_module(), result);
  return result;
}

/// Each start is the first one of its node.
row warm_from_disk(const plan& how) {
  row result{"start of a class on disk", unit::seconds};
  for (std::size_t i = 0; i < how.repeats(20); ++i) {
    node host{how.scratch / "code", random_node()};
    start_once(host, burst_module(), result);
  }
  return result;
}

/// Starts in a node that has many instances already, up to that number.
row live(const plan& how, std::size_t instances) {
  row result{"live starts, the last up to " + std::to_string(instances)
             + " instances (aim: 5 k/s)"};
  node host{how.scratch / "code", random_node()};
  auto spec = host.function(burst_module(), numbers({0, 0, 0}));
  auto count = std::min<std::size_t>(instances, 500);
  auto kept = instances - count;
  if (kept > 0)
    if (auto first = host.start_many(kept, spec); !first) {
      result.failure = explain(first.error());
      return result;
    }
  for (std::size_t i = 0; i < how.repeats(10); ++i) {
    auto begin = clock::now();
    auto ids = host.start_many(count, spec);
    if (!ids) {
      result.failure = explain(ids.error());
      return result;
    }
    result.samples.push_back(static_cast<double>(count) / seconds_since(begin));
    host.stop(*ids);
    host.wait_for_at_most(kept);
  }
  return result;
}

void start_and_stop_many(const plan& how, row& starting, row& stopping) {
  node host{how.scratch / "code", random_node()};
  auto spec = host.function(burst_module(), numbers({0, 0, 0}));
  auto count = how.quick ? batch_size / 5 : batch_size;
  for (std::size_t i = 0; i < how.repeats(10); ++i) {
    auto begin = clock::now();
    auto ids = host.start_many(count, spec);
    if (!ids) {
      starting.failure = stopping.failure = explain(ids.error());
      return;
    }
    starting.samples.push_back(static_cast<double>(count)
                               / seconds_since(begin));
    begin = clock::now();
    host.stop(*ids);
    if (!host.wait_for_at_most(0)) {
      stopping.failure = "instances did not stop within 30 s";
      return;
    }
    stopping.samples.push_back(static_cast<double>(count)
                               / seconds_since(begin));
  }
}

} // namespace

rows starts(const plan& how) {
  rows result;
  auto process = child_process(how);
  auto bare = engine_instantiate(how), drop = engine_drop(how);
  result.push_back(cold(how));
  result.back().baseline = {"child process", median(process.samples)};
  baseline instance{"engine alone", median(bare.samples)};
  result.push_back(warm_from_memory(how));
  result.back().baseline = instance;
  result.push_back(warm_from_disk(how));
  result.back().baseline = instance;
  row starting{"starts of a known class, many at once (aim: 5 k/s)"};
  row stopping{"stops, many at once"};
  start_and_stop_many(how, starting, stopping);
  auto per_second = [](const row& x) {
    auto taken = median(x.samples);
    return baseline{"engine alone, one thread", taken > 0 ? 1 / taken : 0};
  };
  starting.baseline = per_second(bare);
  stopping.baseline = per_second(drop);
  result.push_back(std::move(starting));
  result.push_back(std::move(stopping));
  for (std::size_t instances : {100, 1000, 10'000})
    if (!how.quick || instances <= 1000) {
      result.push_back(live(how, instances));
      result.back().baseline = per_second(bare);
    }
  return result;
}

} // namespace edgeless::benchmark
