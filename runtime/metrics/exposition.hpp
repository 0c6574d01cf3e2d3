// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/histogram.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace prometheus {
struct MetricFamily;
}

/// Exposition of metrics to Prometheus. Counters are read when a scrape comes;
/// between scrapes nothing is written.
namespace edgeless {

using metric_labels = std::vector<std::pair<std::string, std::string>>;

/// The metrics of one scrape. Metrics of the same name form a family, whose
/// help text is that of the first.
class metrics_page {
public:
  /// Adds to `families`.
  explicit metrics_page(std::vector<prometheus::MetricFamily>& families)
    : families_(families) {
    // nop
  }

  void counter(const std::string& name, const std::string& help, double value,
               const metric_labels& labels = {});
  void gauge(const std::string& name, const std::string& help, double value,
             const metric_labels& labels = {});
  void histogram(const std::string& name, const std::string& help,
                 const duration_histogram::reading& durations,
                 const metric_labels& labels = {});

private:
  std::vector<prometheus::MetricFamily>& families_;
};

/// Fills a page.
using metrics_source = std::function<void(metrics_page&)>;

/// The page in the text format of Prometheus.
std::string print_metrics(const metrics_source& source);

} // namespace edgeless
