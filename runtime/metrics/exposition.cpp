// SPDX-License-Identifier: MIT
#include "runtime/metrics/exposition.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cassert>
#include <limits>

namespace edgeless {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

/// Adds a metric to the family of that name.
ClientMetric& add_metric(std::vector<MetricFamily>& to, const std::string& name,
                         const std::string& help, MetricType type,
                         const metric_labels& labels) {
  // Searched from the end: metrics of a family are mostly added in a row.
  auto i = std::find_if(to.rbegin(), to.rend(),
                        [&](auto& x) { return x.name == name; });
  auto is_new = i == to.rend();
  auto& family = is_new ? to.emplace_back() : *i;
  if (is_new) {
    family.name = name;
    family.help = help;
    family.type = type;
  }
  assert(family.type == type);
  auto& result = family.metric.emplace_back();
  for (auto& [key, value] : labels)
    result.label.push_back({key, value});
  return result;
}

} // namespace

// -- a page -------------------------------------------------------------------

void metrics_page::counter(const std::string& name, const std::string& help,
                           double value, const metric_labels& labels) {
  add_metric(families_, name, help, MetricType::Counter, labels).counter.value
    = value;
}

void metrics_page::gauge(const std::string& name, const std::string& help,
                         double value, const metric_labels& labels) {
  add_metric(families_, name, help, MetricType::Gauge, labels).gauge.value
    = value;
}

void metrics_page::histogram(const std::string& name, const std::string& help,
                             const duration_histogram::reading& durations,
                             const metric_labels& labels) {
  auto& to = add_metric(families_, name, help, MetricType::Histogram, labels)
               .histogram;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i <= duration_histogram::bounds; ++i) {
    sum += durations.buckets[i];
    auto bound = i < duration_histogram::bounds
                   ? static_cast<double>(duration_histogram::bound(i)) / 1e9
                   : std::numeric_limits<double>::infinity();
    to.bucket.push_back({sum, bound});
  }
  to.sample_count = sum;
  to.sample_sum = durations.seconds;
}

std::string print_metrics(const metrics_source& source) {
  std::vector<MetricFamily> families;
  metrics_page page{families};
  source(page);
  return prometheus::TextSerializer{}.Serialize(families);
}

} // namespace edgeless
