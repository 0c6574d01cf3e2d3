// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/exposition.hpp"
#include "runtime/metrics/histogram.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

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

/// The requests of one workflow.
class http_workflow_statistics
  : public std::enable_shared_from_this<http_workflow_statistics> {
public:
  /// A request under way. Ended once, by any thread.
  class request {
  public:
    explicit request(std::shared_ptr<http_workflow_statistics> to);
    void end(unsigned status) const;

  private:
    std::shared_ptr<http_workflow_statistics> to_;
    std::chrono::steady_clock::time_point begin_;
  };

  std::shared_ptr<const request> begin();

  std::atomic<std::uint64_t> under_way{0};
  /// Responses by the first digit of their status.
  std::array<std::atomic<std::uint64_t>, 6> classes{};
  /// Until the response is known.
  duration_histogram durations;
};

/// The metrics of the server for http-ingress.
void add_metrics(metrics_page& page, const http_statistics& x);
void add_metrics(metrics_page& page, const http_workflow_statistics& x,
                 const std::string& workflow);

} // namespace edgeless
