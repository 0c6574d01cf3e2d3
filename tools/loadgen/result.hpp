// SPDX-License-Identifier: MIT
#pragma once

#include "tools/loadgen/transaction_ledger.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace edgeless::benchmark {

/// What an experiment has come to.
struct load_result {
  std::uint64_t requested = 0;
  std::uint64_t started = 0;
  std::uint64_t stop_failures = 0;
  bool interrupted = false;
  /// Of starts and stops that were answered, in seconds.
  std::vector<double> starts;
  std::vector<double> stops;
  /// The latest start after its time, in seconds.
  double latest = 0;
  /// Nothing was heard of transactions, and why; empty: their ledger holds.
  std::string deaf;
  std::uint64_t judged = 0; ///< workflows that keep a journal
  ledger_sums event_counters;
  std::vector<double> latencies; ///< of transactions, in seconds
  std::uint64_t garbled = 0;     ///< lines in Redis that nobody understands

  double blocking_probability() const;
};

/// The lines that EDGELESS ends with, and ours.
std::string text_of(const load_result& x);
std::string json_of(const load_result& x);

} // namespace edgeless::benchmark
