// SPDX-License-Identifier: MIT
#include "runtime/metrics/exposition.hpp"

#include "runtime/net/socket.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>

#include <cassert>
#include <exception>
#include <limits>

namespace edgeless {

// -- a page -------------------------------------------------------------------

metric& metrics_page::add(const std::string& name, const std::string& help,
                          metric_kind kind, metric_labels labels) {
  // Searched from the end: metrics of a family are mostly added in a row.
  auto i = families_.end();
  while (i != families_.begin())
    if ((--i)->name == name)
      return i->metrics.emplace_back(metric{std::move(labels), 0, {}});
  families_.push_back({name, help, kind, {}});
  return families_.back().metrics.emplace_back(
    metric{std::move(labels), 0, {}});
}

void metrics_page::counter(const std::string& name, const std::string& help,
                           double value, metric_labels labels) {
  add(name, help, metric_kind::counter, std::move(labels)).value = value;
}

void metrics_page::gauge(const std::string& name, const std::string& help,
                         double value, metric_labels labels) {
  add(name, help, metric_kind::gauge, std::move(labels)).value = value;
}

void metrics_page::histogram(const std::string& name, const std::string& help,
                             const duration_histogram::reading& durations,
                             metric_labels labels) {
  add(name, help, metric_kind::histogram, std::move(labels)).durations
    = durations;
}

// -- conversion to prometheus-cpp
// ----------------------------------------------

namespace {

prometheus::MetricType type_of(metric_kind kind) {
  switch (kind) {
  case metric_kind::counter:
    return prometheus::MetricType::Counter;
  case metric_kind::histogram:
    return prometheus::MetricType::Histogram;
  default:
    return prometheus::MetricType::Gauge;
  }
}

void convert(const duration_histogram::reading& from,
             prometheus::ClientMetric::Histogram& to) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < duration_histogram::bounds; ++i) {
    sum += from.buckets[i];
    auto bound = static_cast<double>(duration_histogram::bound(i)) / 1e9;
    to.bucket.push_back({sum, bound});
  }
  sum += from.buckets[duration_histogram::bounds];
  to.bucket.push_back({sum, std::numeric_limits<double>::infinity()});
  to.sample_count = sum;
  to.sample_sum = from.seconds;
}

prometheus::MetricFamily convert(const metric_family& from) {
  prometheus::MetricFamily result;
  result.name = from.name;
  result.help = from.help;
  result.type = type_of(from.kind);
  for (auto& x : from.metrics) {
    prometheus::ClientMetric y;
    for (auto& [name, value] : x.labels)
      y.label.push_back({name, value});
    if (from.kind == metric_kind::counter)
      y.counter.value = x.value;
    else if (from.kind == metric_kind::gauge)
      y.gauge.value = x.value;
    else
      convert(x.durations, y.histogram);
    result.metric.push_back(std::move(y));
  }
  return result;
}

struct collector : prometheus::Collectable {
  explicit collector(metrics_source from) : source{std::move(from)} {
    // nop
  }

  std::vector<prometheus::MetricFamily> Collect() const override {
    metrics_page page;
    source(page);
    std::vector<prometheus::MetricFamily> result;
    for (auto& x : page.families())
      result.push_back(convert(x));
    return result;
  }

  metrics_source source;
};

// -- listening ----------------------------------------------------------------

/// The first address of a host, in the form of CivetWeb, which does not report
/// why it cannot listen: this tries to listen there first.
caf::expected<std::string> listening_port(const url& where) {
  auto found = resolve(where, false);
  if (!found)
    return found.error();
  assert(!found->empty());
  if (auto socket = listen_at(found->front()); !socket)
    return socket.error();
  return to_string(found->front());
}

class exposer final : public metrics_server {
public:
  exposer(const std::string& address, metrics_source source)
    : collector_{std::make_shared<collector>(std::move(source))},
      server_{std::vector<std::string>{
        "listening_ports", address, "num_threads",
        std::to_string(limits::metrics_threads), "request_timeout_ms",
        std::to_string(
          std::chrono::milliseconds{limits::metrics_request}.count()),
        "keep_alive_timeout_ms", "0"}} {
    server_.RegisterCollectable(collector_);
  }

private:
  std::shared_ptr<collector> collector_;
  prometheus::Exposer server_;
};

} // namespace

std::string print_metrics(const metrics_source& source) {
  return prometheus::TextSerializer{}.Serialize(collector{source}.Collect());
}

caf::expected<std::unique_ptr<metrics_server>>
serve_metrics(const url& where, metrics_source source) {
  auto refuse = [&](const std::string& why) {
    return fail(ec::system_failure,
                "cannot serve metrics at http://" + where.host + ":"
                  + std::to_string(where.port) + ": " + why);
  };
  if (where.scheme != "http")
    return refuse("only http:// is served");
  auto address = listening_port(where);
  if (!address)
    return refuse(explain(address.error()));
  try {
    return std::unique_ptr<metrics_server>{
      new exposer{*address, std::move(source)}};
  } catch (const std::exception& e) {
    return refuse(e.what());
  }
}

} // namespace edgeless
