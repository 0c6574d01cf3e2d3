// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace edgeless::benchmark {

enum class unit { per_second, seconds, bytes, count };

/// The figure that a row is compared with: the same work without EDGELESS.
struct baseline {
  std::string what;
  double value = 0; ///< in the unit of its row
};

/// One line of the report. Without samples, `failure` is the reason; with
/// samples, it is the requirement that they violate.
struct row {
  std::string what;
  benchmark::unit unit = unit::per_second;
  std::vector<double> samples{};
  std::optional<benchmark::baseline> baseline{};
  std::string failure{};
};

using rows = std::vector<row>;

/// A row of one count, which fails unless it is zero.
row must_be_zero(const std::string& what, std::uint64_t count);
/// The rows without samples, all with that reason.
rows with_failure(rows all, const std::string& reason);
void append(rows& all, rows more);

/// The quantile at `part` (0..1) of the samples; 0 if there are none.
double quantile(std::vector<double> samples, double part);
double median(const std::vector<double>& samples);

/// Such as 1.23 M/s, 12.3 us, 10.2 KiB, 7.
std::string readable(double value, unit of);

/// The unit in JSON: 1/s, s, B, 1.
const char* symbol_of(unit x);

/// The machine and the build: cores, memory, build type, version.
std::string machine();

std::string markdown(const rows& all);
std::string json(const rows& all);

} // namespace edgeless::benchmark
