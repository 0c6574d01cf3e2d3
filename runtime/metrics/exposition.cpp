// SPDX-License-Identifier: MIT
#include "runtime/metrics/exposition.hpp"

#include "runtime/net/socket.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cassert>
#include <exception>
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

namespace {

struct collector : prometheus::Collectable {
  explicit collector(metrics_source from) : source{std::move(from)} {
    // nop
  }

  std::vector<MetricFamily> Collect() const override {
    std::vector<MetricFamily> result;
    metrics_page page{result};
    source(page);
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
