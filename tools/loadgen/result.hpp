// SPDX-License-Identifier: MIT
#pragma once

#include "tools/loadgen/transaction_ledger.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace edgeless::benchmark {

/// The figures of an experiment.
struct load_result {
  std::uint64_t requested = 0;
  std::uint64_t started = 0;
  std::uint64_t stop_failures = 0;
  bool interrupted = false;
  /// Response times of successful starts and stops, in seconds.
  std::vector<double> starts;
  std::vector<double> stops;
  /// The longest delay of a start after its scheduled time, in seconds.
  double latest = 0;
  /// Why the ledger is unknown; empty if it is known.
  std::string unknown_because;
  std::uint64_t journals = 0; ///< metrics-collectors that keep one
  ledger_sums ledger;
  std::vector<double> latencies;     ///< of transactions, in seconds
  std::uint64_t malformed_lines = 0; ///< of the journals

  double blocking_probability() const;
};

/// The final report of EDGELESS, followed by the figures that it lacks.
std::string text_of(const load_result& x);
std::string json_of(const load_result& x);

} // namespace edgeless::benchmark
