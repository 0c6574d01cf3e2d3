// SPDX-License-Identifier: MIT
#include "tools/report/harness/memory.hpp"

#include "tools/report/harness/baselines.hpp"
#include "tools/report/harness/node.hpp"
#include "tools/report/harness/peer.hpp"
#include "tools/report/harness/process_figures.hpp"
#include "tools/report/parts.hpp"

#include <unistd.h>

#include <iostream>
#include <sstream>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t batch_size = 500;

/// Starts instances and lets each of them handle one event.
caf::error start_instances(node& host, std::size_t instances,
                           const component_spec& spec) {
  auto wanted = host.counts().handled() + instances;
  for (std::size_t begun = 0; begun < instances; begun += batch_size) {
    auto ids = host.start_many(std::min(batch_size, instances - begun), spec);
    if (!ids)
      return ids.error();
    for (auto& id : *ids)
      host.cast(id, "one event");
  }
  auto deadline = clock::now() + 10s;
  while (host.counts().handled() < wanted && clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  if (host.counts().handled() < wanted)
    return fail(ec::exhausted,
                "some instances did not handle their event within 10 s");
  return caf::none;
}

} // namespace

int run_idle(std::size_t instances, const std::filesystem::path& cache) {
  auto mapping = bytes_per_mapping(instances);
  node host{cache, draw<node_id>(os_random())};
  auto spec = host.function(burst_module(), numbers({0, 0, 0}));
  // The first instance pays for what all instances share.
  auto problem = start_instances(host, 1, spec);
  auto before = resident_bytes(getpid());
  if (!problem)
    problem = start_instances(host, instances, spec);
  if (problem) {
    std::cout << "error " << explain(problem) << std::endl;
    return 1;
  }
  std::cout << (resident_bytes(getpid()) - before)
                 / static_cast<double>(instances)
            << ' ' << mapping << std::endl;
  // Stopping the instances one by one would only take time.
  _exit(0);
}

rows memory(const plan& how) {
  auto instances = how.quick ? 500u : 10'000u;
  row result{"memory per idle instance, " + std::to_string(instances)
               + " in one node (aim: 32 KiB)",
             unit::bytes};
  double mapping = 0;
  for (std::size_t i = 0; i < how.repeats(3); ++i) {
    auto process
      = child::spawn(idle_arguments(instances, how.scratch / "peer"));
    auto line = process ? (*process)->read_line() : explain(process.error());
    std::istringstream words{line};
    if (double bytes = 0; words >> bytes >> mapping)
      result.samples.push_back(bytes);
    else
      result.failure = line;
  }
  result.baseline = {"a mapping with one page in use", mapping};
  return {result};
}

} // namespace edgeless::benchmark
