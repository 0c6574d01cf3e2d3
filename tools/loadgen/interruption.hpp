// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>

namespace edgeless::benchmark {

/// Handles SIGINT and SIGTERM, which must have been blocked (see
/// block_signals): the first signal requests an orderly end of the experiment;
/// the second one ends the process at once, with exit code 1. Any thread.
class interruption {
public:
  /// Starts to handle signals, on a thread of its own. One per process.
  interruption();

  bool is_requested() const;
  /// Waits until `when`, or until a signal has come. Whether one has come.
  bool wait_until(std::chrono::steady_clock::time_point when) const;

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace edgeless::benchmark
