// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/exposition.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

namespace edgeless {

/// What the resources of a node have done, by class. Any number of threads.
struct resource_counters {
  using count = std::atomic<std::uint64_t>;

  /// The slots of cron, by what became of them.
  count slots_fired{0};
  count slots_caught_up{0}; ///< fired although they were missed
  count slots_skipped{0};
  /// Casts of cron, file-pusher and ollama for which their instance had no
  /// room.
  count casts_refused{0};
  count files_pushed{0};
  count files_skipped{0}; ///< unreadable, or too large for an event

  count statements_executed{0};
  count statements_refused{0}; ///< by the database, with a reason
  count statements_failed{0};  ///< no answer in time
  count sql_connections{0};    ///< open now
  count sql_connect_failures{0};

  count chats_answered{0};
  count chats_failed{0};
  count serverless_answered{0};
  count serverless_failed{0};
};

using resource_counters_ptr = std::shared_ptr<resource_counters>;

void add_metrics(metrics_page& page, const resource_counters& x);

} // namespace edgeless
