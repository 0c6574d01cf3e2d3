// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>

namespace edgeless::benchmark {

/// SIGINT and SIGTERM, once they are blocked (see block_signals): the first one
/// asks us to come to an end; the second one ends the program where it stands.
class interruption {
public:
  /// From now on. One per process.
  interruption();

  bool came() const;
  /// Waits until then, or until it comes; true if it came.
  bool wait_until(std::chrono::steady_clock::time_point when) const;

private:
  struct wakeup;
  std::shared_ptr<wakeup> wakeup_;
};

} // namespace edgeless::benchmark
