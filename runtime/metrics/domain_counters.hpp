// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/histogram.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace edgeless {

/// The outcome of a migration.
enum class migration_outcome : std::uint8_t {
  done,      ///< the component runs on the target node
  abandoned, ///< the source instance was thawed and runs on
  lost,      ///< the source node was lost: the component is placed anew
};
inline constexpr std::size_t migration_outcomes = 3;

/// The outcome of an intent.
enum class intent_outcome : std::uint8_t {
  done,
  refused, ///< malformed, unknown or infeasible: no effect
  failed,  ///< started, then rolled back
};
inline constexpr std::size_t intent_outcomes = 3;

/// The counters of one orchestrator. Any number of threads.
struct domain_counters {
  using count = std::atomic<std::uint64_t>;

  // -- current state
  count nodes{0};
  count components{0};
  count running{0}; ///< components that have an instance

  // -- since the start of the process
  count placements{0};
  count infeasible{0}; ///< placements without a feasible node
  count relocations{0};
  count nodes_lost{0};
  count stalls{0};   ///< pauses of the process itself
  count restarts{0}; ///< after an instance failed
  count refused{0};  ///< messages of nodes whose session has ended
  /// Checks at which another orchestrator claimed the same Redis database.
  count database_conflicts{0};
  count samples_dropped{0}; ///< that did not reach Redis
  count dataset_lines{0};   ///< written to the CSV files
  count dataset_lines_dropped{0};
  duration_histogram keep_alives;

  std::array<count, migration_outcomes> migrations{};
  /// From the request to the outcome, whichever it is.
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

/// The counters of one controller. Any number of threads.
struct cluster_counters {
  using count = std::atomic<std::uint64_t>;

  count workflows{0};
  count hosted{0}; ///< workflows assigned to a domain
  count domains{0};
  count attached{0}; ///< domains whose orchestrator is connected
  count starts{0};   ///< start requests accepted
  count stops{0};
};

} // namespace edgeless
