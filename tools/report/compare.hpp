// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/report.hpp"

#include <caf/expected.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless::benchmark {

/// An earlier report; its rows by their names.
struct earlier_report {
  std::string machine;
  std::map<std::string, row> rows;
};

/// Parses what json() has written.
caf::expected<earlier_report> parse_report(std::string_view text);

/// How a row has changed.
enum class change {
  /// One of the two has no samples, or another unit.
  none,
  /// Their interquartile ranges overlap, or their medians differ by at most 2
  /// %.
  noise,
  better,
  worse,
};

/// Higher rates are better; of everything else, lower figures.
change compare(const row& before, const row& now);

/// A table in Markdown: each row of both reports before and now, and its change
/// beyond the noise.
std::string comparison(const earlier_report& before, const rows& now);

} // namespace edgeless::benchmark
