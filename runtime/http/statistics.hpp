// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/exposition.hpp"
#include "runtime/metrics/histogram.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace edgeless {

/// What one HTTP server has done.
struct http_statistics {
  std::atomic<std::uint64_t> open{0}; ///< connections
  std::atomic<std::uint64_t> accepted{0};
  /// Connections that got 503 at once, since there were too many.
  std::atomic<std::uint64_t> refused{0};
  /// Pauses because no file descriptor was left.
  std::atomic<std::uint64_t> pauses{0};
  /// Responses by status, from 100 to 599.
  std::array<std::atomic<std::uint64_t>, 500> responses{};
  /// From the end of a request to the end of its response.
  duration_histogram durations;

  void count(unsigned status) {
    if (status >= 100 && status < 600)
      responses[status - 100].fetch_add(1, std::memory_order_relaxed);
  }
};

/// The metrics of the server for http-ingress.
void add_metrics(metrics_page& page, const http_statistics& x);

} // namespace edgeless
