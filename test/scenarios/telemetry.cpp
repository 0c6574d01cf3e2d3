// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"

#include "actors/node/node_metrics.hpp"

#include <caf/send.hpp>

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

constexpr auto period = 2s;

/// One node that collects samples and histograms, and a function on it.
struct telemetry_fixture : world {
  telemetry_fixture() {
    add_node("node-1");
    registry("node-1").samples_wanted = true;
    registry("node-1").histograms_wanted = true;
    workflow = start({function("f", "sink")});
  }

  /// The samples in the node's last report.
  std::size_t reported() {
    std::size_t result = 0;
    for (auto& x : node_state_of("node-1").sent.times)
      result += x.seconds.size();
    return result;
  }

  void cast(int times) {
    for (int i = 0; i < times; ++i)
      cast_to("f", "x");
  }

  std::string page() {
    return print_metrics(
      [this](metrics_page& x) { add_metrics(x, registry("node-1"), nullptr); });
  }

  workflow_id workflow;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE_FIXTURE(telemetry_fixture,
                  "telemetry: samples travel with the keep-alives, once") {
  cast(3);
  std::size_t seen = 0;
  for (int i = 0; i < 4; ++i) {
    auto before = node_state_of("node-1").sent.number;
    run_for(period);
    if (node_state_of("node-1").sent.number != before)
      seen += reported();
  }

  CHECK(seen == 3);
  CHECK(reported() == 0);
}

TEST_CASE_FIXTURE(telemetry_fixture,
                  "telemetry: samples name the instance that produced them") {
  cast(1);
  auto f = status_of("f").instance;
  for (int i = 0; i < 4 && reported() == 0; ++i)
    run_for(period);

  REQUIRE(reported() == 1);
  CHECK(node_state_of("node-1").sent.times[0].instance == f);
}

TEST_CASE_FIXTURE(telemetry_fixture,
                  "telemetry: unacknowledged samples are sent again") {
  cast(3);
  for (int i = 0; i < 4 && reported() == 0; ++i)
    run_for(period);
  REQUIRE(reported() == 3);
  auto number = node_state_of("node-1").sent.number;

  cut("node-1");
  run_for(3 * period);
  CHECK(reported() == 3);
  CHECK(node_state_of("node-1").sent.number == number);
  reconnect("node-1");
  run_for(10 * period);

  CHECK(reported() == 0);
}

TEST_CASE_FIXTURE(
  telemetry_fixture,
  "telemetry: samples wait while the orchestrator is unreachable") {
  cut("node-1");
  run_for(3 * period);
  auto f = node_state_of("node-1").instances.begin()->first;
  for (int i = 0; i < 5; ++i)
    cast_to("node-1", f, "x");
  run_for(period);

  reconnect("node-1");
  std::size_t seen = 0;
  for (int i = 0; i < 10; ++i) {
    auto before = node_state_of("node-1").sent.number;
    run_for(period);
    if (node_state_of("node-1").sent.number != before)
      seen += reported();
  }

  CHECK(seen == 5);
}

TEST_CASE_FIXTURE(
  telemetry_fixture,
  "telemetry: keep-alives do not wait for the telemetry actor") {
  cast(3);
  caf::anon_send_exit(node_state_of("node-1").telemetry,
                      caf::exit_reason::kill);
  run_for(5 * period);

  CHECK(domains()[0].nodes == 1);
  CHECK(reported() == 0);
}

TEST_CASE_FIXTURE(
  world, "telemetry: no samples are collected unless they are enabled") {
  add_node("node-1");
  start({function("f", "sink")});
  cast_to("f", "x");
  run_for(5 * period);

  CHECK(node_state_of("node-1").sent == performance_samples{});
  CHECK(!node_state_of("node-1").fetching);
}

TEST_CASE_FIXTURE(telemetry_fixture,
                  "telemetry: a function's metrics end with the function") {
  cast(2);
  auto f = to_string(status_of("f").instance);
  CHECK(contains(page(), "function_count{"));
  CHECK(contains(page(), f));
  CHECK(contains(page(), "invocation_type=\"Cast\"} 2\n"));

  stop(workflow);
  run_for(period);

  CHECK(!contains(page(), "function_count{"));
  CHECK(!contains(page(), f));
  CHECK(!contains(page(), "execution_times"));
}

TEST_CASE_FIXTURE(telemetry_fixture,
                  "telemetry: a node exports starts, failures and drops") {
  cast_to("f", "die");
  run_for(period);

  CHECK(contains(page(), "edgeless_node_instance_starts_total 2\n"));
  CHECK(contains(page(), "edgeless_node_instance_failures_total 1\n"));
  CHECK(contains(page(), "events_dropped_total{reason=\"crashed\"} 1\n"));
  CHECK(contains(page(), "edgeless_node_queue_events{queue=\"inbox\"} 0\n"));
}

TEST_CASE_FIXTURE(telemetry_fixture,
                  "telemetry: transactions that a function logs count as those "
                  "that it casts, and travel with the keep-alives") {
  scripts["measured"] = [](guest_host& host, const guest_event& x) -> step {
    if (x.kind != hook::cast)
      return {};
    host.log(5, "tbegin", x.payload);
    host.log(3, "tend", "another level: nothing but a log line");
    host.log(5, "other", "1");
    host.log(5, "tend", x.payload);
    return {};
  };
  start({function("m", "measured", {{"metric", "s"}}), function("s", "sink"),
         function("unmapped", "measured")});
  cast_to("m", "7");
  cast_to("unmapped", "8");

  CHECK(journal
        == lines{"sink@node-1 <- workflow:begin:7",
                 "sink@node-1 <- workflow:end:7"});
  auto& logs = node_state_of("node-1").sent.logs;
  for (int i = 0; i < 4 && logs.empty(); ++i)
    run_for(period);
  REQUIRE(logs.size() == 6);
  CHECK(logs[0].instance == status_of("m").instance);
  CHECK(logs[0].target == "tbegin");
  CHECK(logs[0].text == "7");
  CHECK(logs[5].target == "tend");
  CHECK(logs[5].text == "8");
}
