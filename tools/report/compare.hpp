// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/report.hpp"

#include <caf/expected.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless::benchmark {

/// An earlier report: the machine, and its rows by their names.
struct earlier_report {
  std::string machine;
  std::map<std::string, row> rows;
};

/// Reads what json() has written. An error says what is wrong.
caf::expected<earlier_report> parse_report(std::string_view text);

/// How a row has changed.
enum class change {
  /// There is no such row with samples in one of the two.
  none,
  /// Their spreads, from the quarter to the three quarters of the samples,
  /// overlap, or their medians differ by 2 % at most: it may be chance.
  noise,
  better,
  worse,
};

/// Rates shall be high, and everything else low.
change compare(const row& before, const row& now);

/// A table: each row of both reports, before and now, and what has changed
/// beyond the noise.
std::string comparison(const earlier_report& before, const rows& now);

} // namespace edgeless::benchmark
