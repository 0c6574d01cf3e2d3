// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/exposition.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace edgeless {

/// What all resources of one class have exchanged with servers outside.
struct connector_counters {
  explicit connector_counters(std::string class_type)
    : class_type{std::move(class_type)} {
    // nop
  }

  const std::string class_type;
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> sent{0}; ///< and acknowledged, where servers do so
  /// Messages that were lost: the server refused them, or there was no room.
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> stored{0}; ///< messages on disk at present
  std::atomic<std::uint64_t> stored_bytes{0};
  /// The oldest stored messages, which had to make room.
  std::atomic<std::uint64_t> evicted{0};
  std::atomic<std::uint64_t> connected{0}; ///< connections at present
  std::atomic<std::uint64_t> connection_failures{0};
};

using connector_counters_ptr = std::shared_ptr<connector_counters>;

void add_metrics(metrics_page& page,
                 const std::vector<connector_counters_ptr>& classes);

} // namespace edgeless
