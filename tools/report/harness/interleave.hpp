// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/report.hpp"

#include <caf/expected.hpp>

#include <functional>

namespace edgeless::benchmark {

/// A row, and how its samples are taken. If the row names a baseline, its value
/// is the median of the first variant.
struct variant {
  row line;
  std::function<caf::expected<std::vector<double>>()> sample;
};

/// Measures variants in turns, so that slow and fast phases of the machine
/// affect all of them alike; the samples of the first `warm_up` turns are
/// discarded. A variant that fails is not measured again.
rows interleave(std::size_t turns, std::size_t warm_up,
                std::vector<variant> variants);

} // namespace edgeless::benchmark
