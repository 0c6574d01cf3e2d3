// SPDX-License-Identifier: MIT
// Injects random faults into whole clusters on virtual time, one cluster per
// seed, and checks afterwards what EDGELESS promises (invariants.hpp). A
// failure prints the command line that replays it.
#include "test/simulation/cluster.hpp"
#include "test/simulation/fault_injection.hpp"
#include "test/simulation/invariants.hpp"
#include "test/simulation/large_domain.hpp"

#include "runtime/base/log.hpp"

#define DOCTEST_CONFIG_IMPLEMENT
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS
#include <doctest/doctest.h>

#include <cstdlib>

using namespace edgeless;
using namespace edgeless::test;

namespace {

simulation_options chosen;

void run_scenario(std::uint64_t seed) {
  INFO("replay with: simulation --seed ", seed, " --runs 1 --verbose");
  cluster x{chosen, scenario{seed}};
  for (int i = 0; i < chosen.faults; ++i)
    inject_fault(x);
  inject_last_fault(x);
  check_invariants(x);
}

} // namespace

TEST_CASE("simulation: all invariants hold two keep-alive periods after the "
          "last fault") {
  for (auto seed = chosen.seed; seed < chosen.seed + chosen.runs; ++seed)
    run_scenario(seed);
}

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::string key = argv[i];
    if (key == "--verbose")
      chosen.verbose = true;
    else if (i + 1 < argc && key == "--seed")
      chosen.seed = std::stoull(argv[++i]);
    else if (i + 1 < argc && key == "--runs")
      chosen.runs = std::stoull(argv[++i]);
    else if (i + 1 < argc && key == "--faults")
      chosen.faults = std::stoi(argv[++i]);
    else if (i + 2 < argc && key == "--domain") {
      open_log("simulation", {log_level::off, {}});
      auto good = simulate_large_domain(std::stoull(argv[i + 1]),
                                        std::stoull(argv[i + 2]));
      return good ? EXIT_SUCCESS : EXIT_FAILURE;
    }
  }
  open_log("simulation",
           {chosen.verbose ? log_level::info : log_level::off, {}});
  doctest::Context context;
  context.setOption("no-intro", true);
  context.setOption("abort-after", 1);
  return context.run();
}
