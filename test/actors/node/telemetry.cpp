// SPDX-License-Identifier: MIT
#include "actors/node/telemetry.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct desk : actor_fixture {
  desk() : registry{std::make_shared<instance_registry>(any<node_id>())} {
    supervisor
      = keep(telemetry_actor{system.spawn(telemetry, registry, std::nullopt)});
  }

  /// As an instance tells it: with room taken.
  void took(std::vector<double> seconds) {
    REQUIRE(registry->sample_credit->take(seconds.size() * sizeof(double)));
    tell(supervisor, execution_times{instance, std::move(seconds)});
  }

  performance_samples drain(std::uint64_t taken) {
    auto result = ask<performance_samples>(supervisor, atom::drain_v, taken);
    REQUIRE(result);
    return *result;
  }

  instance_registry_ptr registry;
  telemetry_actor supervisor;
  physical_id instance = any<physical_id>();
};

} // namespace

TEST_CASE_FIXTURE(desk, "samples are given out once they are asked for") {
  took({1, 2});
  took({3});

  CHECK(drain(0) == performance_samples{1, {{instance, {1, 2, 3}}}, 0});
}

TEST_CASE_FIXTURE(desk, "a lot that nobody acknowledges is sent again") {
  took({1});
  auto lost = drain(0);
  took({2});

  CHECK(drain(0) == lost);
}

TEST_CASE_FIXTURE(desk, "nothing comes twice after it was acknowledged") {
  took({1});
  drain(0);
  took({2});

  CHECK(drain(1) == performance_samples{2, {{instance, {2}}}, 0});
  CHECK(drain(2) == performance_samples{2, {}, 0});
}

TEST_CASE_FIXTURE(desk, "the newest samples are kept, the rest is counted") {
  took(std::vector<double>(limits::samples, 1));
  took({2});

  auto lot = drain(0);

  CHECK(lot.omitted == 1);
  CHECK(lot.times[0].seconds.size() == limits::samples);
  CHECK(lot.times[0].seconds.back() == 2);
}

TEST_CASE_FIXTURE(desk, "what instances could not send is counted as well") {
  registry->counters.samples_omitted = 7;

  CHECK(drain(0) == performance_samples{1, {}, 7});
  CHECK(drain(1).omitted == 0);
}

TEST_CASE_FIXTURE(desk, "the room of samples is given back") {
  took({1, 2, 3});

  CHECK(registry->sample_credit->events() == 0);
  CHECK(registry->sample_credit->bytes() == 0);
}
