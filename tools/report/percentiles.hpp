// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/report.hpp"

#include <array>

/// What latencies are told by: p50, p99 and p99.9, a row each.
namespace edgeless::benchmark {

struct percentile {
  double below;
  const char* name;
};

inline constexpr std::array percentiles{
  percentile{0.5, "p50"}, percentile{0.99, "p99"}, percentile{0.999, "p99.9"}};

rows percentile_rows(const std::string& what);

/// Adds a sample to each row: that percentile of a round, in seconds.
void add_round(rows& to, const std::vector<double>& seconds);

} // namespace edgeless::benchmark
