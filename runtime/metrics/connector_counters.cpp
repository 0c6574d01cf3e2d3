// SPDX-License-Identifier: MIT
#include "runtime/metrics/connector_counters.hpp"

namespace edgeless {

void add_metrics(metrics_page& page,
                 const std::vector<connector_counters_ptr>& classes) {
  const std::string prefix = "edgeless_connector_";
  auto value = [](const std::atomic<std::uint64_t>& x) {
    return static_cast<double>(x.load(std::memory_order_relaxed));
  };
  for (auto& x : classes) {
    metric_labels labels{{"class", x->class_type}};
    page.counter(prefix + "received_total",
                 "Messages received from servers, by class of resources.",
                 value(x->received), labels);
    page.counter(prefix + "sent_total",
                 "Messages that servers have taken, by class of resources.",
                 value(x->sent), labels);
    page.counter(prefix + "failed_total",
                 "Messages lost because a server refused them or there was no "
                 "room, by class of resources.",
                 value(x->failed), labels);
    page.gauge(prefix + "stored",
               "Messages on disk, until their server takes them.",
               value(x->stored), labels);
    page.gauge(prefix + "stored_bytes", "Bytes of the messages on disk.",
               value(x->stored_bytes), labels);
    page.counter(prefix + "evicted_total",
                 "Messages on disk that had to make room for newer ones.",
                 value(x->evicted), labels);
    page.gauge(prefix + "connections", "Connections to servers.",
               value(x->connected), labels);
    page.counter(prefix + "connection_failures_total",
                 "Connections to servers that broke or could not be made.",
                 value(x->connection_failures), labels);
  }
}

} // namespace edgeless
