// SPDX-License-Identifier: MIT
// Random faults against whole clusters, and their laws (simulation/laws.cpp):
// two periods after the last fault every function with a feasible node is home
// exactly once, no workflow is lost or comes back that a client was told of, a
// ping crosses the whole chain, and every event is accounted for. Moves, and
// whatever else happens to others, leave no event of a chain lost, doubled or
// overtaken. A channel that delivers at least once loses nothing while its
// sender lives, and repeats nothing unless somebody crashed. A failure prints
// the line that replays it.
#include "test/simulation/cluster.hpp"
#include "test/simulation/domain.hpp"

#include "runtime/base/log.hpp"

#define DOCTEST_CONFIG_IMPLEMENT
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS
#include <doctest/doctest.h>

#include <cstdlib>

using namespace edgeless;
using namespace edgeless::test;

namespace {

simulation_options chosen;

void live(std::uint64_t seed) {
  INFO("replay with: simulation --seed ", seed, " --runs 1 --verbose");
  cluster x{chosen, seed};
  for (int i = 0; i < chosen.faults; ++i)
    x.fault_injection();
  x.last_fault();
  x.check_laws();
}

} // namespace

TEST_CASE("whatever happens, two periods later everything is home") {
  for (auto seed = chosen.seed; seed < chosen.seed + chosen.runs; ++seed)
    live(seed);
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
      auto good
        = simulate_domain(std::stoull(argv[i + 1]), std::stoull(argv[i + 2]));
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
