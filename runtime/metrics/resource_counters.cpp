// SPDX-License-Identifier: MIT
#include "runtime/metrics/resource_counters.hpp"

#include <string>

namespace edgeless {

namespace {

/// One metric with the label `outcome`.
struct outcome_counter {
  metrics_page& page;
  std::string name;
  const char* help;

  void add(const char* outcome, const resource_counters::count& x,
           metric_labels labels = {}) const {
    labels.emplace_back("outcome", outcome);
    page.counter(name, help,
                 static_cast<double>(x.load(std::memory_order_relaxed)),
                 labels);
  }
};

} // namespace

void add_metrics(metrics_page& page, const resource_counters& x) {
  const std::string prefix = "edgeless_node_";
  outcome_counter slots{page, prefix + "cron_slots_total",
                        "Slots of cron resources by what became of them."};
  slots.add("fired", x.slots_fired);
  slots.add("caught_up", x.slots_caught_up);
  slots.add("skipped", x.slots_skipped);
  outcome_counter files{page, prefix + "files_pushed_total",
                        "Files of file-pusher by what became of them."};
  files.add("pushed", x.files_pushed);
  files.add("skipped", x.files_skipped);
  page.counter(prefix + "resource_casts_refused_total",
               "Casts of cron, file-pusher and ollama for which their instance "
               "had no room.",
               static_cast<double>(x.casts_refused));
  outcome_counter statements{page, prefix + "sql_statements_total",
                             "Statements of sqlx by what became of them."};
  statements.add("executed", x.statements_executed);
  statements.add("refused", x.statements_refused);
  statements.add("failed", x.statements_failed);
  page.gauge(prefix + "sql_connections", "Open connections to databases.",
             static_cast<double>(x.sql_connections));
  page.counter(prefix + "sql_connect_failures_total",
               "Attempts to connect to a database that failed.",
               static_cast<double>(x.sql_connect_failures));
  outcome_counter requests{page, prefix + "service_requests_total",
                           "Requests of ollama and serverless resources."};
  requests.add("answered", x.chats_answered, {{"class", "ollama"}});
  requests.add("failed", x.chats_failed, {{"class", "ollama"}});
  requests.add("answered", x.serverless_answered, {{"class", "serverless"}});
  requests.add("failed", x.serverless_failed, {{"class", "serverless"}});
}

} // namespace edgeless
