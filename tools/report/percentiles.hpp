// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/report.hpp"

#include <array>

/// Latencies are reported as p50, p99 and p99.9, one row each.
namespace edgeless::benchmark {

struct percentile {
  double below;
  const char* name;
};

inline constexpr std::array percentiles{
  percentile{0.5, "p50"}, percentile{0.99, "p99"}, percentile{0.999, "p99.9"}};

rows percentile_rows(const std::string& what);

/// Adds the percentile of a round of latencies, in seconds, to each row.
void add_round(rows& to, const std::vector<double>& seconds);

/// A row of all samples, named p50, and one of their p99.
rows p50_and_p99_rows(const std::string& what, std::vector<double> samples,
                      const std::string& p50_aim = "",
                      const std::string& p99_aim = "");

} // namespace edgeless::benchmark
