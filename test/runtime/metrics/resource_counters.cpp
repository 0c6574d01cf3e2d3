// SPDX-License-Identifier: MIT
#include "runtime/metrics/resource_counters.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("resource counters: each outcome has a series of its own") {
  resource_counters x;
  x.slots_skipped = 3;
  x.statements_refused = 2;
  x.chats_failed = 1;
  auto page = print_metrics([&](metrics_page& to) { add_metrics(to, x); });
  for (auto line :
       {R"(edgeless_node_cron_slots_total{outcome="skipped"} 3)",
        R"(edgeless_node_cron_slots_total{outcome="fired"} 0)",
        R"(edgeless_node_sql_statements_total{outcome="refused"} 2)",
        "edgeless_node_sql_connections 0",
        R"(edgeless_node_service_requests_total{class="ollama",)"
        R"(outcome="failed"} 1)"})
    CHECK_MESSAGE(page.find(line) != std::string::npos, page);
}
