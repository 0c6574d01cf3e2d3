// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace edgeless::benchmark {

enum class unit { per_second, seconds, bytes, count };

/// What is possible at best: the same thing without us.
struct floor {
  std::string what;
  double value = 0; ///< in the unit of the row
};

/// One line of the report. Without a sample, `failure` says why; with samples,
/// which promise they break.
struct row {
  std::string what;
  benchmark::unit unit = unit::per_second;
  std::vector<double> samples{};
  std::optional<benchmark::floor> floor{};
  std::string failure{};
};

using rows = std::vector<row>;

/// A row of one count, which fails unless it is zero.
row must_be_zero(const std::string& what, std::uint64_t count);
/// Every row without a sample, for that reason.
rows with_failure(rows all, const std::string& reason);
void append(rows& all, rows more);

/// The value below which `part` (0..1) of the samples lie; 0 without any.
double quantile(std::vector<double> samples, double part);
double median(const std::vector<double>& samples);

/// Such as 1.23 M/s, 12.3 us, 10.2 KiB, 7.
std::string readable(double value, unit of);

/// How units are called in JSON: 1/s, s, B, 1.
const char* symbol_of(unit x);

/// The machine: cores, memory, how this program was built.
std::string machine();

std::string markdown(const rows& all);
std::string json(const rows& all);

} // namespace edgeless::benchmark
