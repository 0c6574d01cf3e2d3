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

/// Exposition of metrics to Prometheus. Counters are read when a scrape comes;
/// between scrapes nothing is written.
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

/// The metrics of one scrape. Metrics of the same name form a family, whose
/// help text is that of the first.
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

/// Fills a page; called concurrently from several threads.
using metrics_source = std::function<void(metrics_page&)>;

/// The page in the text format of Prometheus.
std::string print_metrics(const metrics_source& source);

/// Serves until it is destroyed; the destructor takes at most
/// limits::metrics_request.
class metrics_server {
public:
  virtual ~metrics_server() = default;
};

/// Serves `source` at http://HOST:PORT/metrics with limits::metrics_threads
/// threads; a client that sends no request within limits::metrics_request is
/// disconnected. The error says why the address cannot be listened on.
caf::expected<std::unique_ptr<metrics_server>>
serve_metrics(const url& where, metrics_source source);

} // namespace edgeless
