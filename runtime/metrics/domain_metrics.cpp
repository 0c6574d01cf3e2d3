// SPDX-License-Identifier: MIT
#include "runtime/metrics/domain_metrics.hpp"

#include "runtime/base/log.hpp"
#include "runtime/placement/health.hpp"

#include <algorithm>
#include <string>

namespace edgeless {

namespace {

double value(const std::atomic<std::uint64_t>& x) {
  return static_cast<double>(x.load(std::memory_order_relaxed));
}

/// `all` - `part`. The two are not read at the same moment: clamped to 0.
double difference(const std::atomic<std::uint64_t>& all,
                  const std::atomic<std::uint64_t>& part) {
  return std::max(0.0, value(all) - value(part));
}

constexpr const char* migration_names[] = {"done", "abandoned", "lost"};
constexpr const char* intent_names[] = {"done", "refused", "failed"};
static_assert(std::size(migration_names) == migration_outcomes);
static_assert(std::size(intent_names) == intent_outcomes);

} // namespace

void add_metrics(metrics_page& page, const domain_counters& x) {
  const std::string prefix = "edgeless_orchestrator_";
  page.gauge(prefix + "nodes", "Nodes in the active list of the domain.",
             value(x.nodes));
  const auto components = prefix + "components";
  page.gauge(components, "Components (functions and resources) by phase.",
             value(x.running), {{"phase", "running"}});
  page.gauge(components, {}, difference(x.components, x.running),
             {{"phase", "pending"}});
  const auto placements = prefix + "placements_total";
  page.counter(placements, "Placement decisions by outcome.",
               value(x.placements), {{"outcome", "placed"}});
  page.counter(placements, {}, value(x.infeasible),
               {{"outcome", "infeasible"}});
  page.counter(prefix + "relocations_total",
               "Components that were placed on another node than before.",
               value(x.relocations));
  page.counter(
    prefix + "nodes_lost_total",
    "Nodes removed because of a broken connection or a missed keep-alive.",
    value(x.nodes_lost));
  page.counter(prefix + "stalls_total",
               "Pauses of this process of at least a quarter of the keep-alive "
               "interval.",
               value(x.stalls));
  page.counter(prefix + "restarts_total",
               "Component restarts after an instance failed.",
               value(x.restarts));
  page.counter(prefix + "stale_session_messages_total",
               "Messages of nodes that were ignored because their session had "
               "ended.",
               value(x.refused));
  page.counter(prefix + "database_conflicts_total",
               "Checks at which another orchestrator claimed the same Redis "
               "database.",
               value(x.database_conflicts));
  page.counter(prefix + "mirror_samples_dropped_total",
               "Performance samples that did not reach Redis.",
               value(x.samples_dropped));
  const auto lines = prefix + "dataset_lines_total";
  page.counter(lines, "Lines of the CSV files of the domain by outcome.",
               value(x.dataset_lines), {{"outcome", "written"}});
  page.counter(lines, {}, value(x.dataset_lines_dropped),
               {{"outcome", "dropped"}});
  page.histogram(prefix + "keep_alive_seconds",
                 "Round-trip times of answered keep-alives in seconds.",
                 x.keep_alives.read());
  for (std::size_t i = 0; i < migration_outcomes; ++i)
    page.counter(prefix + "migrations_total", "Migrations by outcome.",
                 value(x.migrations[i]), {{"outcome", migration_names[i]}});
  page.histogram(prefix + "migration_seconds",
                 "Durations of migrations in seconds, whatever their outcome.",
                 x.migration_times.read());
  for (std::size_t i = 0; i < intent_outcomes; ++i)
    page.counter(prefix + "intents_total", "Intents by outcome.",
                 value(x.intents[i]), {{"outcome", intent_names[i]}});
}

void add_metrics(metrics_page& page, const cluster_counters& x) {
  const std::string prefix = "edgeless_controller_";
  const auto workflows = prefix + "workflows";
  page.gauge(workflows, "Workflows by state.", value(x.hosted),
             {{"state", "hosted"}});
  page.gauge(workflows, {}, difference(x.workflows, x.hosted),
             {{"state", "pending"}});
  const auto domains = prefix + "domains";
  page.gauge(domains, "Orchestration domains by state.", value(x.attached),
             {{"state", "connected"}});
  page.gauge(domains, {}, difference(x.domains, x.attached),
             {{"state", "disconnected"}});
  page.counter(prefix + "workflow_starts_total",
               "Valid requests to start a workflow.", value(x.starts));
  page.counter(prefix + "workflow_stops_total", "Workflows stopped.",
               value(x.stops));
}

void add_metrics(metrics_page& page, const transport_statistics& x) {
  const std::string prefix = "edgeless_transport_";
  page.gauge(prefix + "connections",
             "Open connections, those without a complete handshake included.",
             value(x.open));
  page.counter(prefix + "accepted_connections_total", "Connections accepted.",
               value(x.accepted));
  page.counter(prefix + "dials_total", "Outgoing connections established.",
               value(x.dialled));
  page.counter(prefix + "dial_failures_total",
               "Outgoing connections that failed.", value(x.dials_failed));
  page.counter(prefix + "unsendable_messages_total",
               "Messages that were not sent because they are larger than a "
               "frame.",
               value(x.not_sent));
  for (std::size_t i = 1; i < refusals; ++i)
    page.counter(prefix + "refusals_total",
                 "Connections refused or closed by this program, by reason.",
                 value(x.refused[i]),
                 {{"reason", std::string{to_string(static_cast<refusal>(i))}}});
}

void add_process_metrics(metrics_page& page, std::size_t actors) {
  page.gauge("edgeless_actors", "Running actors.", static_cast<double>(actors));
  page.counter("edgeless_log_lines_dropped_total",
               "Log lines lost because the reader of the log was too slow, or "
               "because the log could not be written.",
               static_cast<double>(log_lines_lost()));
  if (auto memory = health_probe{}.sample().proc_memory; memory >= 0)
    page.gauge("process_resident_memory_bytes",
               "Resident memory of the process in bytes.", 1024.0 * memory);
}

} // namespace edgeless
