// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/histogram.hpp"
#include "runtime/net/url.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// The door to Prometheus. Nothing is written while events pass: whoever has
/// counts is asked for them when a scrape comes.
namespace edgeless {

using metric_labels = std::vector<std::pair<std::string, std::string>>;

enum class metric_kind : std::uint8_t { counter, gauge, histogram };

struct metric {
  metric_labels labels;
  double value = 0;
  duration_histogram::reading durations; ///< of a histogram
};

struct metric_family {
  std::string name;
  std::string help;
  metric_kind kind = metric_kind::gauge;
  std::vector<metric> metrics;
};

/// What is told at one scrape. The first mention of a name says what it means.
class metrics_page {
public:
  void counter(const std::string& name, const std::string& help, double value,
               metric_labels labels = {});
  void gauge(const std::string& name, const std::string& help, double value,
             metric_labels labels = {});
  void histogram(const std::string& name, const std::string& help,
                 const duration_histogram::reading& durations,
                 metric_labels labels = {});

  const std::vector<metric_family>& families() const {
    return families_;
  }

private:
  metric& add(const std::string& name, const std::string& help,
              metric_kind kind, metric_labels labels);

  std::vector<metric_family> families_;
};

/// Fills a page; called from several threads at the same time.
using metrics_source = std::function<void(metrics_page&)>;

/// The page as Prometheus reads it.
std::string print_metrics(const metrics_source& source);

/// Serves until it is destroyed, which takes limits::metrics_request at most.
class metrics_server {
public:
  virtual ~metrics_server() = default;
};

/// Serves `source` at http://HOST:PORT/metrics, with limits::metrics_threads;
/// who does not ask within limits::metrics_request is hung up on. The error
/// says why that address cannot be listened on.
caf::expected<std::unique_ptr<metrics_server>>
serve_metrics(const url& where, metrics_source source);

} // namespace edgeless
