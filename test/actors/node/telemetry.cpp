// SPDX-License-Identifier: MIT
#include "actors/node/telemetry.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct telemetry_fixture : actor_fixture {
  telemetry_fixture()
    : registry{std::make_shared<instance_registry>(any<node_id>())} {
    collector
      = keep(telemetry_actor{system.spawn(telemetry, registry, std::nullopt)});
  }

  /// Sends execution times as an instance does, with credit.
  void report_times(std::vector<double> seconds) {
    REQUIRE(registry->sample_credit->take(seconds.size() * sizeof(double)));
    tell(collector, execution_times{instance, std::move(seconds)});
  }

  performance_samples drain(std::uint64_t taken) {
    auto result = ask<performance_samples>(collector, atom::drain_v, taken);
    REQUIRE(result);
    return *result;
  }

  instance_registry_ptr registry;
  telemetry_actor collector;
  physical_id instance = any<physical_id>();
};

} // namespace

TEST_CASE_FIXTURE(
  telemetry_fixture,
  "telemetry: drains the samples of several messages as one set") {
  report_times({1, 2});
  report_times({3});

  CHECK(drain(0) == performance_samples{1, {{instance, {1, 2, 3}}}, 0, {}});
}

TEST_CASE_FIXTURE(telemetry_fixture,
                  "telemetry: repeats an unacknowledged set of samples") {
  report_times({1});
  auto lost = drain(0);
  report_times({2});

  CHECK(drain(0) == lost);
}

TEST_CASE_FIXTURE(telemetry_fixture,
                  "telemetry: does not repeat an acknowledged set of samples") {
  report_times({1});
  drain(0);
  report_times({2});

  CHECK(drain(1) == performance_samples{2, {{instance, {2}}}, 0, {}});
  CHECK(drain(2) == performance_samples{2, {}, 0, {}});
}

TEST_CASE_FIXTURE(
  telemetry_fixture,
  "telemetry: keeps the newest samples and counts the omitted ones") {
  report_times(std::vector<double>(limits::samples, 1));
  report_times({2});

  auto set = drain(0);

  CHECK(set.omitted == 1);
  CHECK(set.times[0].seconds.size() == limits::samples);
  CHECK(set.times[0].seconds.back() == 2);
}

TEST_CASE_FIXTURE(
  telemetry_fixture,
  "telemetry: counts samples that instances had no credit for") {
  registry->counters.samples_omitted = 7;

  CHECK(drain(0) == performance_samples{1, {}, 7, {}});
  CHECK(drain(1).omitted == 0);
}

TEST_CASE_FIXTURE(telemetry_fixture,
                  "telemetry: gives the credit of samples back") {
  report_times({1, 2, 3});

  CHECK(registry->sample_credit->events() == 0);
  CHECK(registry->sample_credit->bytes() == 0);
}

TEST_CASE_FIXTURE(telemetry_fixture,
                  "telemetry: keeps the lines that functions log for "
                  "measurements, and no others") {
  auto log = [&](telemetry_kind kind, std::string target, std::string text) {
    REQUIRE(registry->log_credit->take(text.size()));
    telemetry_event x;
    x.kind = kind;
    x.source.instance = instance;
    x.target = std::move(target);
    x.text = std::move(text);
    tell(collector, x);
  };
  log(telemetry_kind::measurement, "tbegin", "2");
  log(telemetry_kind::log, "tbegin", "hello");
  log(telemetry_kind::measurement, "tend", "2");

  auto logs = drain(0).logs;
  REQUIRE(logs.size() == 2);
  CHECK(logs[0].instance == instance);
  CHECK(logs[0].target == "tbegin");
  CHECK(logs[0].text == "2");
  CHECK(logs[1].target == "tend");
  CHECK(logs[0].when > 1'700'000'000'000'000);
}
