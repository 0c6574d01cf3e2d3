// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/histogram.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>

namespace edgeless {

/// The counters of one node for instances and connections to other nodes;
/// those of events are event_counters. Any number of threads.
struct node_counters {
  using count = std::atomic<std::uint64_t>;

  count starts{0};         ///< instances started
  count start_failures{0}; ///< instances that could not be started
  count failures{0};       ///< instances that ended without a stop request
  count hibernated{0};     ///< functions, now
  count hibernations{0};   ///< functions hibernated so far
  count checkpoints{0};    ///< states saved of functions that keep memory
  count checkpoint_failures{0};
  /// Events whose effects on the state of a function were lost in a crash.
  count events_since_checkpoint{0};
  count samples_omitted{0}; ///< performance samples dropped for lack of room
  /// Log lines of functions beyond their rate, and those that the log of the
  /// node did not take in time.
  count log_lines_omitted{0};
  count log_lines_unread{0};

  count egress_events{0};     ///< acknowledged by other nodes
  count ingress_fragments{0}; ///< received from other nodes
  count egress_reconnects{0}; ///< after a broken connection
  /// Sent to other nodes and not acknowledged yet.
  count credit_events{0};
  count credit_bytes{0};

  /// From the event that wakes a hibernated function until its guest runs.
  duration_histogram wake_times;

  /// Whether the node is a member of its domain, and peers can reach it.
  std::atomic<bool> is_joined{false};
  std::atomic<bool> is_listening{false};

  /// Time of the last keep-alive by the steady clock in nanoseconds; 0: none
  /// yet.
  std::atomic<std::int64_t> last_keep_alive{0};

  void record_keep_alive() {
    last_keep_alive.store(
      std::chrono::steady_clock::now().time_since_epoch().count(),
      std::memory_order_relaxed);
  }
};

} // namespace edgeless
