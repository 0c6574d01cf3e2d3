// SPDX-License-Identifier: MIT
#include "tools/report/harness/interleave.hpp"

#include "messages/errors.hpp"

#include <cassert>

namespace edgeless::benchmark {

rows interleave(std::size_t turns, std::size_t warm_up,
                std::vector<variant> variants) {
  assert(!variants.empty());
  for (std::size_t i = 0; i < turns + warm_up; ++i)
    for (auto& [line, sample] : variants) {
      if (!line.failure.empty())
        continue;
      auto taken = sample();
      if (!taken) {
        line.samples.clear();
        line.failure = explain(taken.error());
      } else if (i >= warm_up) {
        line.samples.insert(line.samples.end(), taken->begin(), taken->end());
      }
    }
  auto first = median(variants.front().line.samples);
  rows result;
  for (auto& [line, sample] : variants) {
    if (line.baseline)
      line.baseline->value = first;
    result.push_back(std::move(line));
  }
  return result;
}

} // namespace edgeless::benchmark
