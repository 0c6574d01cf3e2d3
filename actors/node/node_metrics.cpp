// SPDX-License-Identifier: MIT
#include "actors/node/node_metrics.hpp"

#include <chrono>
#include <string>

namespace edgeless {

namespace {

const std::string us = "edgeless_node_";

double value(const std::atomic<std::uint64_t>& x) {
  return static_cast<double>(x.load(std::memory_order_relaxed));
}

/// With the names that EDGELESS has for them.
void tell_functions(metrics_page& page, const instance_registry& registry) {
  auto node = to_string(registry.self);
  auto known = registry.histograms.read();
  for (auto& [type, count] : known.running)
    page.gauge("function_count", "Instances of functions.",
               static_cast<double>(count),
               {{"node_id", node}, {"function_type", type}});
  auto one = [&](const function_histogram& x, const duration_histogram& times,
                 const char* kind) {
    auto reading = times.read();
    if (reading.count() > 0)
      page.histogram("execution_times",
                     "Seconds that functions ran for an event.", reading,
                     {{"node_id", node},
                      {"function_id", x.function_id},
                      {"function_type", x.function_type},
                      {"invocation_type", kind}});
  };
  for (auto& x : known.histograms) {
    one(*x, x->casts, "Cast");
    one(*x, x->calls, "Call");
  }
  page.gauge(us + "functions_without_series",
             "Functions whose execution times are told as \"other\".",
             static_cast<double>(known.sharing));
}

void tell_events(metrics_page& page, const instance_registry& registry) {
  auto& counts = registry.counts;
  page.counter(us + "events_sent_total", "Casts and calls of instances here.",
               static_cast<double>(counts.sent()));
  page.counter(us + "events_handled_total",
               "Casts and calls that instances here have handled.",
               static_cast<double>(counts.handled()));
  for (std::size_t i = 0; i < drop_reasons; ++i) {
    auto reason = static_cast<drop_reason>(i);
    page.counter(us + "events_dropped_total",
                 "Events that were not handled, by reason.",
                 static_cast<double>(counts.dropped(reason)),
                 {{"reason", to_string(reason)}});
  }
  auto waiting = registry.waiting();
  const auto queue = us + "queue_events";
  const auto bytes = us + "queue_bytes";
  page.gauge(queue, "Events that wait, in inboxes and for other nodes.",
             static_cast<double>(waiting.inbox_events), {{"queue", "inbox"}});
  page.gauge(queue, {}, static_cast<double>(waiting.egress_events),
             {{"queue", "link"}});
  page.gauge(bytes, "Payload that waits, in inboxes and for other nodes.",
             static_cast<double>(waiting.inbox_bytes), {{"queue", "inbox"}});
  page.gauge(bytes, {}, static_cast<double>(waiting.egress_bytes),
             {{"queue", "link"}});
}

void tell_egress(metrics_page& page, const node_counters& x) {
  page.counter(us + "link_events_total", "Events that other nodes have taken.",
               value(x.egress_events));
  page.counter(us + "ingress_fragments_total",
               "Events, or parts of large ones, from other nodes.",
               value(x.ingress_fragments));
  page.gauge(us + "link_credit_used_events",
             "Events on their way to other nodes.", value(x.credit_events));
  page.gauge(us + "link_credit_used_bytes",
             "Payload on its way to other nodes.", value(x.credit_bytes));
  page.counter(us + "link_reconnects_total",
               "Links that work again after they were broken.",
               value(x.link_reconnects));
}

void tell_instances(metrics_page& page, const instance_registry& registry) {
  auto& x = registry.counters;
  page.gauge(us + "instances", "Instances of functions and resources.",
             static_cast<double>(registry.size()));
  page.counter(us + "instance_starts_total", "Instances that were started.",
               value(x.starts));
  page.counter(us + "instance_start_failures_total",
               "Instances that could not be started.", value(x.start_failures));
  page.counter(us + "instance_failures_total",
               "Instances that ended by themselves.", value(x.failures));
  using clock = std::chrono::steady_clock;
  if (auto last = x.last_keep_alive.load(std::memory_order_relaxed); last > 0) {
    auto age = clock::now().time_since_epoch() - std::chrono::nanoseconds{last};
    page.gauge(us + "keep_alive_age_seconds",
               "Since the orchestrator last asked whether this node lives.",
               std::chrono::duration<double>(age).count());
  }
}

void tell_engine(metrics_page& page, const guest_engine& engine) {
  page.gauge(us + "guest_memory_bytes", "Linear memory of all functions.",
             static_cast<double>(engine.memory()));
  if (auto total = engine.memory_total(); total > 0)
    page.gauge(us + "guest_memory_limit_bytes",
               "What all functions may have together.",
               static_cast<double>(total));
  auto* x = engine.counts();
  if (x == nullptr)
    return;
  const auto lookups = us + "module_lookups_total";
  page.counter(lookups, "Modules that were needed, by where they were found.",
               value(x->memory_hits), {{"result", "memory"}});
  page.counter(lookups, {}, value(x->disk_hits), {{"result", "disk"}});
  page.counter(lookups, {}, value(x->misses), {{"result", "miss"}});
  page.counter(us + "module_compilations_total", "Modules compiled.",
               value(x->compilations));
  page.counter(us + "module_refusals_total",
               "Modules that could not be compiled.", value(x->refusals));
  page.gauge(us + "guest_processes", "Functions in processes of their own.",
             value(x->processes));
  const auto ends = us + "guest_process_ends_total";
  page.counter(ends, "Processes of functions that ended unasked, by reason.",
               value(x->sandboxes_lost), {{"reason", "crashed"}});
  page.counter(ends, {}, value(x->sandboxes_timed_out),
               {{"reason", "deadline_exceeded"}});
  page.counter(ends, {}, value(x->sandbox_protocol_violations),
               {{"reason", "protocol_violation"}});
}

} // namespace

void tell(metrics_page& page, const instance_registry& registry,
          const guest_engine* engine) {
  tell_functions(page, registry);
  tell_events(page, registry);
  tell_egress(page, registry.counters);
  tell_instances(page, registry);
  if (engine != nullptr)
    tell_engine(page, *engine);
}

} // namespace edgeless
