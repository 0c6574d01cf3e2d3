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

/// Two counts that are read one after the other may not fit together.
double rest(const std::atomic<std::uint64_t>& all,
            const std::atomic<std::uint64_t>& part) {
  return std::max(0.0, value(all) - value(part));
}

constexpr const char* migration_names[] = {"done", "abandoned", "lost"};
constexpr const char* intent_names[] = {"done", "refused", "failed"};
static_assert(std::size(migration_names) == migration_outcomes);
static_assert(std::size(intent_names) == intent_outcomes);

} // namespace

void tell(metrics_page& page, const domain_counters& x) {
  const std::string us = "edgeless_orchestrator_";
  page.gauge(us + "nodes", "Nodes of the domain.", value(x.nodes));
  const auto components = us + "components";
  page.gauge(components, "Functions and resources, by phase.", value(x.running),
             {{"phase", "running"}});
  page.gauge(components, {}, rest(x.components, x.running),
             {{"phase", "pending"}});
  const auto placements = us + "placements_total";
  page.counter(placements, "Requests for a node, by outcome.",
               value(x.placements), {{"outcome", "placed"}});
  page.counter(placements, {}, value(x.infeasible),
               {{"outcome", "infeasible"}});
  page.counter(us + "relocations_total",
               "Components that have got another home than their last one.",
               value(x.relocations));
  page.counter(us + "nodes_lost_total", "Nodes that broke or fell silent.",
               value(x.nodes_lost));
  page.counter(us + "stalls_total",
               "Times at which this process stood still for a quarter of a "
               "keep-alive period, or longer.",
               value(x.stalls));
  page.counter(us + "restarts_total", "Instances that ended by themselves.",
               value(x.restarts));
  page.counter(us + "refused_total",
               "What nodes have said in sessions that had ended.",
               value(x.refused));
  page.histogram(us + "keep_alive_seconds",
                 "Round trips of keep-alives that were answered.",
                 x.keep_alives.read());
  for (std::size_t i = 0; i < migration_outcomes; ++i)
    page.counter(us + "migrations_total", "Migrations, by outcome.",
                 value(x.migrations[i]), {{"outcome", migration_names[i]}});
  page.histogram(us + "migration_seconds", "How long migrations took.",
                 x.migration_times.read());
  for (std::size_t i = 0; i < intent_outcomes; ++i)
    page.counter(us + "intents_total", "Intents, by outcome.",
                 value(x.intents[i]), {{"outcome", intent_names[i]}});
}

void tell(metrics_page& page, const cluster_counters& x) {
  const std::string us = "edgeless_controller_";
  const auto workflows = us + "workflows";
  page.gauge(workflows, "Workflows, by state.", value(x.hosted),
             {{"state", "hosted"}});
  page.gauge(workflows, {}, rest(x.workflows, x.hosted),
             {{"state", "pending"}});
  const auto domains = us + "domains";
  page.gauge(domains, "Domains, by state.", value(x.attached),
             {{"state", "attached"}});
  page.gauge(domains, {}, rest(x.domains, x.attached),
             {{"state", "disconnected"}});
  page.counter(us + "workflow_starts_total", "Workflows that were accepted.",
               value(x.starts));
  page.counter(us + "workflow_stops_total", "Workflows that were stopped.",
               value(x.stops));
}

void tell(metrics_page& page, const transport_statistics& x) {
  const std::string us = "edgeless_wire_";
  page.gauge(us + "connections", "Connections of other programs, and to them.",
             value(x.open));
  page.counter(us + "accepted_total", "Connections that were taken.",
               value(x.accepted));
  page.counter(us + "dials_total", "Connections made to other programs.",
               value(x.dialled));
  page.counter(us + "dials_failed_total", "Connections that were not made.",
               value(x.dials_failed));
  for (std::size_t i = 1; i < refusals; ++i)
    page.counter(us + "refused_total",
                 "Connections that were refused or cut, by reason.",
                 value(x.refused[i]),
                 {{"reason", std::string{to_string(static_cast<refusal>(i))}}});
}

void tell_process(metrics_page& page, std::size_t actors) {
  page.gauge("edgeless_actors", "Actors that run.",
             static_cast<double>(actors));
  page.counter("edgeless_log_lines_lost_total",
               "Lines that were not written because nobody read the log.",
               static_cast<double>(log_lines_lost()));
  if (auto memory = health_probe{}.sample().proc_memory; memory >= 0)
    page.gauge("process_resident_memory_bytes",
               "Resident memory of the whole process in bytes.",
               1024.0 * memory);
}

} // namespace edgeless
