// SPDX-License-Identifier: MIT
#include "tools/report/harness/processes/child.hpp"
#include "tools/report/harness/processes/child_main.hpp"
#include "tools/report/parts.hpp"

#include "messages/errors.hpp"

#include <sstream>

namespace edgeless::benchmark {

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
