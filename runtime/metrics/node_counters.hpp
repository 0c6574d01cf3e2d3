// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace edgeless {

/// What became of the instances and links of one node, beside its ledger. Any
/// number of threads; whoever does it counts it.
struct node_counters {
  using count = std::atomic<std::uint64_t>;

  count starts{0};         ///< instances that run, or ran
  count start_failures{0}; ///< instances that never did
  count failures{0};       ///< instances that ended by themselves
  count samples_omitted{0};

  count egress_events{0};     ///< that other nodes have taken
  count ingress_fragments{0}; ///< that other nodes have sent
  count link_reconnects{0};   ///< after a broken connection
  /// On their way to other nodes, and not taken yet.
  count credit_events{0};
  count credit_bytes{0};

  /// By the steady clock, in nanoseconds; zero: never.
  std::atomic<std::int64_t> last_keep_alive{0};

  void hear_keep_alive() {
    last_keep_alive.store(
      std::chrono::steady_clock::now().time_since_epoch().count(),
      std::memory_order_relaxed);
  }
};

} // namespace edgeless
