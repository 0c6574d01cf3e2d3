// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/histogram.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace edgeless {

/// How a migration ended.
enum class migration_outcome : std::uint8_t {
  done,      ///< it lives at the target
  abandoned, ///< it stays where it was, thawed
  lost,      ///< it lives nowhere: its node died meanwhile
};
inline constexpr std::size_t migration_outcomes = 3;

/// What became of an intent.
enum class intent_outcome : std::uint8_t {
  done,
  refused, ///< malformed, unknown or infeasible: nothing was touched
  failed,  ///< tried, and rolled back
};
inline constexpr std::size_t intent_outcomes = 3;

/// What an orchestrator counts. Any number of threads.
struct domain_counters {
  using count = std::atomic<std::uint64_t>;

  // -- how it is
  count nodes{0};
  count components{0};
  count running{0}; ///< components that have a home

  // -- what has happened
  count placements{0};
  count infeasible{0}; ///< placements for which there was no node
  count relocations{0};
  count nodes_lost{0};
  count stalls{0};   ///< times at which it stood still itself
  count restarts{0}; ///< after an instance ended by itself
  count refused{0};  ///< what nodes said in a session that has ended
  duration_histogram keep_alives;

  std::array<count, migration_outcomes> migrations{};
  /// From the request to the new home, whatever the outcome.
  duration_histogram migration_times;
  std::array<count, intent_outcomes> intents{};

  void count_migration(migration_outcome x, std::chrono::nanoseconds took) {
    migrations[static_cast<std::size_t>(x)].fetch_add(
      1, std::memory_order_relaxed);
    migration_times.observe(took);
  }

  void count_intent(intent_outcome x) {
    intents[static_cast<std::size_t>(x)].fetch_add(1,
                                                   std::memory_order_relaxed);
  }
};

/// What a controller counts.
struct cluster_counters {
  using count = std::atomic<std::uint64_t>;

  count workflows{0};
  count hosted{0}; ///< workflows that have a domain
  count domains{0};
  count attached{0}; ///< domains whose orchestrator is there
  count starts{0};   ///< workflows accepted
  count stops{0};
};

} // namespace edgeless
