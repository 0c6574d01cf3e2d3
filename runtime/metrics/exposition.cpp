// SPDX-License-Identifier: MIT
#include "runtime/metrics/exposition.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <netdb.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
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

/// The address of a host, as the server wants it.
caf::expected<std::string> resolve(const url& where) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  auto port = std::to_string(where.port);
  if (auto error
      = ::getaddrinfo(where.host.c_str(), port.c_str(), &hints, &found))
    return fail(ec::bad_input, where.host + ": " + ::gai_strerror(error));
  // The server does not say why it cannot listen: ask the system ourselves.
  auto socket = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto bound = ::bind(socket, found->ai_addr, found->ai_addrlen) == 0
               && ::listen(socket, 1) == 0;
  std::string problem = bound ? "" : std::strerror(errno);
  ::close(socket);
  char text[NI_MAXHOST] = {};
  ::getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr,
                0, NI_NUMERICHOST);
  auto is_ipv6 = found->ai_family == AF_INET6;
  ::freeaddrinfo(found);
  if (!bound)
    return fail(ec::system_failure, problem);
  std::string host = text;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + port;
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
  auto address = resolve(where);
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
