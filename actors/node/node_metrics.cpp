// SPDX-License-Identifier: MIT
#include "actors/node/node_metrics.hpp"

#include <chrono>
#include <string>

namespace edgeless {

namespace {

const std::string prefix = "edgeless_node_";

double value(const std::atomic<std::uint64_t>& x) {
  return static_cast<double>(x.load(std::memory_order_relaxed));
}

/// function_count and execution_times have the names that EDGELESS gives them.
void add_functions(metrics_page& page, const instance_registry& registry) {
  auto node = to_string(registry.self);
  auto functions = registry.histograms.read();
  for (auto& [type, count] : functions.running)
    page.gauge("function_count", "Function instances by type.",
               static_cast<double>(count),
               {{"node_id", node}, {"function_type", type}});
  auto add_histogram = [&](const function_histogram& x,
                           const duration_histogram& times, const char* kind) {
    auto reading = times.read();
    if (reading.count() > 0)
      page.histogram("execution_times",
                     "Execution times of casts and calls in seconds.", reading,
                     {{"node_id", node},
                      {"function_id", x.function_id},
                      {"function_type", x.function_type},
                      {"invocation_type", kind}});
  };
  for (auto& x : functions.histograms) {
    add_histogram(*x, x->casts, "Cast");
    add_histogram(*x, x->calls, "Call");
  }
  for (auto& x : functions.histograms) {
    if (x->class_id.empty())
      continue; // shared by many
    metric_labels labels{{"function_id", x->function_id},
                         {"class", x->class_id}};
    page.gauge(prefix + "function_memory_bytes",
               "Linear memory of a function instance in bytes.",
               value(x->memory_bytes), labels);
    page.counter(prefix + "function_log_lines_omitted_total",
                 "Log lines of a function beyond what it may log per second.",
                 value(x->log_lines_omitted), labels);
  }
  page.gauge(prefix + "functions_without_series",
             "Function instances whose execution times are reported with "
             "function_id \"other\".",
             static_cast<double>(functions.sharing));
}

void add_events(metrics_page& page, const instance_registry& registry) {
  auto& counts = registry.counts;
  page.counter(prefix + "events_sent_total",
               "Casts and calls sent by instances on this node.",
               static_cast<double>(counts.sent()));
  page.counter(prefix + "events_handled_total",
               "Casts and calls handled by instances on this node.",
               static_cast<double>(counts.handled()));
  page.counter(prefix + "events_retransmitted_total",
               "Events sent again because they were not acknowledged.",
               static_cast<double>(counts.retransmitted()));
  for (auto copies : {false, true})
    for (std::size_t i = 0; i < drop_reasons; ++i) {
      auto reason = static_cast<drop_reason>(i);
      if (is_copy(reason) == copies)
        page.counter(
          prefix + (copies ? "copies_discarded_total" : "events_dropped_total"),
          copies ? "Retransmitted events that had arrived before, "
                   "or out of order, by reason."
                 : "Events lost before they were handled, by "
                   "reason.",
          static_cast<double>(counts.dropped(reason)),
          {{"reason", to_string(reason)}});
    }
  auto waiting = registry.waiting();
  const auto queue = prefix + "queue_events";
  const auto bytes = prefix + "queue_bytes";
  page.gauge(queue,
             "Events waiting in inboxes and in egress queues to other nodes.",
             static_cast<double>(waiting.inbox_events), {{"queue", "inbox"}});
  page.gauge(queue, {}, static_cast<double>(waiting.egress_events),
             {{"queue", "egress"}});
  page.gauge(bytes, "Payload in bytes waiting in inboxes and in egress queues.",
             static_cast<double>(waiting.inbox_bytes), {{"queue", "inbox"}});
  page.gauge(bytes, {}, static_cast<double>(waiting.egress_bytes),
             {{"queue", "egress"}});
}

void add_connections(metrics_page& page, const node_counters& x) {
  page.counter(prefix + "egress_events_total",
               "Events acknowledged by other nodes.", value(x.egress_events));
  page.counter(
    prefix + "ingress_fragments_total",
    "Event fragments received from other nodes; an event larger than "
    "one fragment counts several times.",
    value(x.ingress_fragments));
  page.gauge(prefix + "egress_credit_used_events",
             "Events sent to other nodes and not acknowledged yet.",
             value(x.credit_events));
  page.gauge(prefix + "egress_credit_used_bytes",
             "Payload in bytes sent to other nodes and not acknowledged yet.",
             value(x.credit_bytes));
  page.counter(prefix + "egress_reconnects_total",
               "Connections to other nodes re-established after a failure.",
               value(x.egress_reconnects));
}

void add_instances(metrics_page& page, const instance_registry& registry) {
  auto& x = registry.counters;
  page.gauge(prefix + "instances",
             "Instances of functions and resources on this node.",
             static_cast<double>(registry.size()));
  page.counter(prefix + "instance_starts_total", "Instances started.",
               value(x.starts));
  page.counter(prefix + "instance_start_failures_total",
               "Instances that failed to start.", value(x.start_failures));
  page.counter(prefix + "instance_failures_total",
               "Instances that ended without a stop request.",
               value(x.failures));
  page.gauge(prefix + "functions_hibernated",
             "Functions whose guest was freed until their next event.",
             value(x.hibernated));
  page.counter(prefix + "function_hibernations_total",
               "Functions hibernated for lack of events.",
               value(x.hibernations));
  page.histogram(prefix + "function_wake_seconds",
                 "Time to make and restore the guest of a hibernated function.",
                 x.wake_times.read());
  page.counter(prefix + "function_checkpoints_total",
               "Checkpoints of functions with state_policy Memory.",
               value(x.checkpoints));
  page.counter(prefix + "function_checkpoint_failures_total",
               "Checkpoints that could not be taken.",
               value(x.checkpoint_failures));
  page.counter(prefix + "function_events_unsaved_total",
               "Events handled since the last checkpoint of functions with "
               "state_policy Memory that crashed.",
               value(x.events_since_checkpoint));
  const auto lines = prefix + "log_lines_omitted_total";
  page.counter(lines, "Log lines of functions that were not logged, by reason.",
               value(x.log_lines_omitted), {{"reason", "rate"}});
  page.counter(lines, {}, value(x.log_lines_unread), {{"reason", "unread"}});
  using clock = std::chrono::steady_clock;
  if (auto last = x.last_keep_alive.load(std::memory_order_relaxed); last > 0) {
    auto age = clock::now().time_since_epoch() - std::chrono::nanoseconds{last};
    page.gauge(prefix + "keep_alive_age_seconds",
               "Seconds since the last keep-alive of the orchestrator.",
               std::chrono::duration<double>(age).count());
  }
}

void add_engine(metrics_page& page, const guest_engine& engine) {
  page.gauge(prefix + "guest_memory_bytes",
             "Linear memory of all function instances in bytes.",
             static_cast<double>(engine.memory()));
  if (auto total = engine.memory_total(); total > 0)
    page.gauge(
      prefix + "guest_memory_limit_bytes",
      "Limit for the linear memory of all function instances in bytes.",
      static_cast<double>(total));
  auto* x = engine.counts();
  if (x == nullptr)
    return;
  const auto lookups = prefix + "module_lookups_total";
  page.counter(lookups,
               "Module look-ups by result: found in memory, on disk, or not.",
               value(x->memory_hits), {{"result", "memory"}});
  page.counter(lookups, {}, value(x->disk_hits), {{"result", "disk"}});
  page.counter(lookups, {}, value(x->misses), {{"result", "miss"}});
  page.counter(prefix + "module_compilations_total", "Modules compiled.",
               value(x->compilations));
  page.counter(prefix + "module_compilation_failures_total",
               "Modules that could not be compiled.", value(x->refusals));
  page.gauge(prefix + "sandbox_processes",
             "Sandbox processes: function instances with isolation = process.",
             value(x->processes));
  const auto exits = prefix + "sandbox_exits_total";
  page.counter(exits, "Sandbox processes that ended unexpectedly, by reason.",
               value(x->sandboxes_lost), {{"reason", "crashed"}});
  page.counter(exits, {}, value(x->sandboxes_timed_out),
               {{"reason", "deadline_exceeded"}});
  page.counter(exits, {}, value(x->sandbox_protocol_violations),
               {{"reason", "protocol_violation"}});
}

} // namespace

void add_metrics(metrics_page& page, const instance_registry& registry,
                 const guest_engine* engine) {
  add_functions(page, registry);
  add_events(page, registry);
  add_connections(page, registry.counters);
  add_instances(page, registry);
  if (engine != nullptr)
    add_engine(page, *engine);
}

} // namespace edgeless
