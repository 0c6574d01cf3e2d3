// SPDX-License-Identifier: MIT
#include "runtime/http/statistics.hpp"

#include <string>

namespace edgeless {

void add_metrics(metrics_page& page, const http_statistics& x) {
  const std::string prefix = "edgeless_http_ingress_";
  auto value = [](const std::atomic<std::uint64_t>& count) {
    return static_cast<double>(count.load(std::memory_order_relaxed));
  };
  page.gauge(prefix + "connections", "Open connections of HTTP clients.",
             value(x.open));
  page.counter(prefix + "accepted_connections_total",
               "Connections accepted from HTTP clients.", value(x.accepted));
  page.counter(prefix + "refused_connections_total",
               "Connections that got 503, since there were too many.",
               value(x.refused));
  page.counter(prefix + "accept_pauses_total",
               "Pauses in accepting because no file descriptor was left.",
               value(x.pauses));
  const auto responses = prefix + "responses_total";
  for (std::size_t i = 0; i < x.responses.size(); ++i)
    if (auto count = value(x.responses[i]); count > 0 || i == 100)
      page.counter(responses, "HTTP responses by status.", count,
                   {{"status", std::to_string(100 + i)}});
  page.histogram(prefix + "response_seconds",
                 "Time from the end of a request to the end of its response.",
                 x.durations.read());
}

} // namespace edgeless
