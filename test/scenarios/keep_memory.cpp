// SPDX-License-Identifier: MIT
#include "test/fixtures/memory_fixture.hpp"

using namespace edgeless;
using namespace edgeless::test;
using namespace std::chrono_literals;

// -- migration ----------------------------------------------------------------

TEST_CASE_FIXTURE(memory_fixture,
                  "memory policy: a migrated function goes on counting, and "
                  "runs neither its stop hook nor its init hook") {
  start_counter();
  cast_to("f", "x");
  cast_to("f", "x");

  REQUIRE(migrate("f", "node-4"));
  cast_to("f", "x");
  REQUIRE(migrate("f", "node-2"));
  cast_to("f", "x");
  run_for(6s);

  CHECK(journal
        == lines{"counter@node-1 1", "counter@node-1 2", "counter@node-4 3",
                 "counter@node-2 4"});
  CHECK(nodes_running("f") == lines{"node-2"});
  CHECK(is_lossless());
}

TEST_CASE_FIXTURE(memory_fixture,
                  "memory policy: without it, the function starts anew") {
  start_counter({{"state_policy", "NodeLocal"}});
  cast_to("f", "x");
  REQUIRE(migrate("f", "node-4"));
  cast_to("f", "x");
  CHECK(std::ranges::count(journal, "counter@node-1 stop") == 1);
  CHECK(journal.back() == "counter@node-4 1");
}

TEST_CASE_FIXTURE(memory_fixture,
                  "memory policy: delayed casts go along with what is left of "
                  "their delays") {
  start({function("source", "clock", {{"out", "sink"}},
                  {{"state_policy", "Memory"}}),
         function("sink", "count")});
  place_all({{"source", "node-1"}, {"sink", "node-3"}});
  run_for(100ms);
  for (auto node : {"node-2", "node-4", "node-1"}) {
    REQUIRE(migrate("source", node));
    run_for(200ms);
  }
  run_for(5s);
  CHECK(is_counting_without_gap());
  // 100 in a second: migrations stop the clock for milliseconds only.
  CHECK(seen.size() > 1000);
}

TEST_CASE_FIXTURE(memory_fixture,
                  "memory policy: casts to itself that wait go along") {
  scripts["burst"] = [](guest_host& host, const guest_event& x) -> step {
    if (x.payload == "go")
      for (int i = 0; i < 100; ++i)
        host.cast("self", std::to_string(i));
    else if (x.kind == hook::cast)
      host.cast("out", x.payload);
    // Half of the casts are still in the inbox when it freezes.
    return x.payload == "50" ? step{sleep_step{1s,
                                               [] {
                                                 return step{};
                                               }}}
                             : step{};
  };
  start(
    {function("f", "burst", {{"out", "sink"}}, {{"state_policy", "Memory"}}),
     function("sink", "count")});
  place_all({{"f", "node-1"}, {"sink", "node-3"}});
  cast_to("f", "go");
  REQUIRE(migrate("f", "node-2"));
  run_for(6s);
  CHECK(is_counting_without_gap());
  CHECK(seen.size() == 100);
  CHECK(is_lossless());
  CHECK(dropped(drop_reason::self_channel) == 0);
}

TEST_CASE_FIXTURE(memory_fixture,
                  "memory policy: a failed migration leaves the source as it "
                  "was") {
  scripts["fragile"] = [this](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::cast) {
      note(host, "fragile", " " + script_memory() + " " + x.payload);
      script_memory() = x.payload;
    }
    return {};
  };
  start({function("f", "fragile", {}, {{"state_policy", "Memory"}})});
  place_all({{"f", "node-1"}});
  cast_to("f", "unfit");
  // The target refuses to restore it.
  CHECK(!migrate("f", "node-4"));
  cast_to("f", "x");
  CHECK(journal == lines{"fragile@node-1  unfit", "fragile@node-1 unfit x"});
  CHECK(nodes_running("f") == lines{"node-1"});
}

// -- crashes ------------------------------------------------------------------

TEST_CASE_FIXTURE(memory_fixture,
                  "memory policy: the function continues from its last "
                  "checkpoint when its node dies") {
  start_counter();
  for (int i = 0; i < 5; ++i)
    cast_to("f", "x");
  run_for(2s);
  cast_to("f", "lost with the node");

  kill("node-1");
  cast_to("f", "x");

  CHECK(journal.back() == "counter@" + placed_on("f") + " 6");
  CHECK(placed_on("f") != "node-1");
}

TEST_CASE_FIXTURE(memory_fixture,
                  "memory policy: the function continues from its last "
                  "checkpoint when its guest traps") {
  start_counter();
  cast_to("f", "x");
  cast_to("f", "x");
  run_for(2s);
  cast_to("f", "die");
  run_for(2s);
  cast_to("f", "x");
  CHECK(journal.back() == "counter@" + placed_on("f") + " 3");
}

TEST_CASE_FIXTURE(memory_fixture,
                  "memory policy: checkpoints are taken after events only, and "
                  "at most so often") {
  start_counter({{"checkpoint_ms", "500"}});
  auto taken = [this] {
    return registry("node-1").counters.checkpoints.load();
  };
  auto before = taken();
  run_for(10s);
  CHECK(taken() == before);
  for (int i = 0; i < 100; ++i) {
    cast_to("f", "x");
    run_for(20ms);
  }
  run_for(1s);
  CHECK(taken() - before >= 3);
  CHECK(taken() - before <= 5);
}

TEST_CASE_FIXTURE(memory_fixture,
                  "memory policy: a clock that dies between two ticks goes on "
                  "elsewhere") {
  start({function("source", "clock", {{"out", "sink"}},
                  {{"state_policy", "Memory"}, {"checkpoint_ms", "20"}}),
         function("sink", "count")});
  place_all({{"source", "node-1"}, {"sink", "node-3"}});
  run_for(1s);
  auto before = seen.back();
  kill("node-1");
  run_for(5s);
  REQUIRE(placed_on("source") != "node-1");
  CHECK(seen.back() > before + 50);
  // It repeats what it sent since its checkpoint, but skips nothing.
  for (std::size_t i = 1; i < seen.size(); ++i)
    CHECK(seen[i] <= seen[i - 1] + 1);
}
