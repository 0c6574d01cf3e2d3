// SPDX-License-Identifier: MIT
#include "test/fixtures/memory_fixture.hpp"

using namespace edgeless;
using namespace edgeless::test;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(memory_fixture,
                  "hibernation: an idle function is hibernated whatever its "
                  "policy, and its next event wakes it") {
  start({function("f", "counter")});
  place_all({{"f", "node-1"}});
  auto& counters = registry("node-1").counters;
  cast_to("f", "x");
  CHECK(counters.hibernated == 0);
  run_for(100s);
  CHECK(counters.hibernated == 1);
  CHECK(counters.hibernations == 1);

  journal.clear();
  cast_to("f", "x");
  CHECK(journal == lines{"counter@node-1 2"});
  CHECK(counters.hibernated == 0);
  CHECK(counters.wake_times.read().count() == 1);
}

TEST_CASE_FIXTURE(memory_fixture,
                  "hibernation: an annotation sets its time, or forbids it") {
  start({function("never", "counter", {}, {{"hibernate_after_ms", "0"}}),
         function("soon", "counter", {}, {{"hibernate_after_ms", "100"}})});
  place_all({{"never", "node-1"}, {"soon", "node-2"}});
  run_for(1s);
  CHECK(registry("node-2").counters.hibernated == 1);
  run_for(200s);
  CHECK(registry("node-1").counters.hibernations == 0);
}

TEST_CASE_FIXTURE(memory_fixture,
                  "hibernation: a function with frequent events stays") {
  pumping = true;
  start_chain();
  run_for(100s);
  CHECK(registry("node-2").counters.hibernations == 0);
}

TEST_CASE_FIXTURE(memory_fixture,
                  "hibernation: a delayed cast wakes the function in time") {
  scripts["alarm"] = [this](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::init)
      (void)host.delayed_cast(120s, "self", "ring");
    if (x.kind == hook::cast)
      note(host, "alarm", " " + x.payload);
    return {};
  };
  start({function("f", "alarm")});
  run_for(100s);
  CHECK(registry(placed_on("f")).counters.hibernated == 1);
  CHECK(journal.empty());
  run_for(30s);
  CHECK(journal == lines{"alarm@" + placed_on("f") + " ring"});
}

TEST_CASE_FIXTURE(memory_fixture,
                  "hibernation: a hibernated function runs its stop hook") {
  auto id = start({function("f", "counter")});
  run_for(100s);
  auto at = placed_on("f");
  auto& counters = registry(at).counters;
  REQUIRE(counters.hibernated == 1);
  stop(id);
  CHECK(journal.back() == "counter@" + at + " stop");
  CHECK(counters.hibernated == 0);
}

TEST_CASE_FIXTURE(memory_fixture,
                  "hibernation: a hibernated function migrates, with its "
                  "memory or afresh") {
  start({function("keeps", "counter", {}, {{"state_policy", "Memory"}}),
         function("forgets", "counter")});
  place_all({{"keeps", "node-1"}, {"forgets", "node-1"}});
  for (auto name : {"keeps", "forgets"})
    cast_to(name, "x");
  run_for(100s);
  REQUIRE(registry("node-1").counters.hibernated == 2);
  REQUIRE(migrate("keeps", "node-2"));
  REQUIRE(migrate("forgets", "node-3"));
  run_for(6s);
  CHECK(registry("node-1").counters.hibernated == 0);
  journal.clear();
  cast_to("keeps", "x");
  cast_to("forgets", "x");
  CHECK(journal == lines{"counter@node-2 2", "counter@node-3 1"});
}
