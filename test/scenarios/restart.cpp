// SPDX-License-Identifier: MIT
#include "test/fixtures/migration_fixture.hpp"

#include <algorithm>

using namespace edgeless;
using namespace edgeless::test;

namespace {

const std::string brain = "domain-1";

/// A source on one node feeds a sink on another one, and there is a spare node.
struct thinking : world {
  explicit thinking(std::uint64_t seed = 0)
    : world{options{.seed = seed + 1, .shuffled = seed > 0}} {
    add_node("node-1");
    add_node("node-2");
    add_node("node-3");
    workflow = start({function("source", "relay", {{"out", "sink"}}),
                      function("sink", "sink")});
    source = status_of("source");
    sink = status_of("sink");
    source_at = placed_on("source");
    sink_at = placed_on("sink");
    REQUIRE(source_at != sink_at);
  }

  /// Not by way of the controller, which may not know where it lives.
  void say(const std::string& payload) {
    cast_to(source_at, source.instance, payload);
  }

  bool heard(const std::string& payload) const {
    return std::ranges::count(journal, "sink@" + sink_at + " <- " + payload)
           == 1;
  }

  /// Both live where they lived, and nobody has noticed anything.
  void check_untouched() {
    for (auto& before : {source, sink}) {
      INFO("function ", before.name);
      auto now = status_of(before.name);
      CHECK(now.phase == component_phase::running);
      CHECK(now.id == before.id);
      CHECK(now.instance == before.instance);
      CHECK(now.restarts == 0);
      CHECK(nodes_running(before.name).size() == 1);
    }
    CHECK(balanced());
    CHECK(dropped() == 0);
  }

  workflow_id workflow;
  component_status source;
  component_status sink;
  std::string source_at;
  std::string sink_at;
};

} // namespace

// -- what comes back ----------------------------------------------------------

TEST_CASE_FIXTURE(thinking, "a new orchestrator adopts what runs") {
  restart_domain();
  run_for(3s);

  check_untouched();
  CHECK(domains()[0].nodes == 3);
}

TEST_CASE_FIXTURE(thinking, "events flow while there is no orchestrator") {
  say("a");
  kill_domain(brain);
  say("b");
  run_for(1min);
  say("c");
  add_domain(brain);
  run_for(150ms);
  say("d");
  run_for(3s);
  say("e");

  for (auto x : {"a", "b", "c", "d", "e"})
    CHECK(heard(x));
  check_untouched();
}

TEST_CASE_FIXTURE(thinking,
                  "a domain that was away for long has its workflows") {
  kill_domain(brain);
  run_for(1min);
  add_domain(brain);
  run_for(3s);

  CHECK(status_of(workflow).domain == brain);
  CHECK(status_of(workflow).reasons.empty());
  check_untouched();
}

TEST_CASE("whoever comes back first, all is adopted") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    INFO("seed ", seed);
    thinking x{seed};
    x.restart_domain();
    x.run_for(std::chrono::milliseconds{seed * 10});
    x.say("a");
    x.run_for(3s);
    x.say("b");
    CHECK(x.heard("a"));
    CHECK(x.heard("b"));
    x.check_untouched();
  }
}

TEST_CASE_FIXTURE(thinking, "an orchestrator may die again while it learns") {
  for (int i = 0; i < 5; ++i) {
    restart_domain();
    run_for(150ms);
  }
  run_for(3s);

  check_untouched();
}

TEST_CASE_FIXTURE(thinking, "without a controller everything runs on") {
  cut("controller", brain);
  restart_domain();
  run_for(1min);
  say("a");

  CHECK(heard("a"));
  CHECK(node_state_of(source_at).instances.contains(source.instance));
  CHECK(node_state_of(sink_at).instances.contains(sink.instance));
  reconnect("controller", brain);
  run_for(5s);
  say("b");
  CHECK(heard("b"));
  check_untouched();
}

TEST_CASE("a chain under load loses nothing when its orchestrator restarts") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    INFO("seed ", seed);
    movers x{seed};
    x.start_chain();
    x.drive(500);
    x.kill_domain(brain);
    x.run_for(700ms);
    x.add_domain(brain);
    x.drive(500);
    x.run_for(2s);
    x.rest();
    CHECK(x.made > 1000);
    CHECK(x.intact());
    CHECK(x.lossless());
  }
}

TEST_CASE_FIXTURE(thinking, "who was adopted feeds whom it fed until then") {
  // The orchestrator cannot find the sink; the source can.
  cut(sink_at, brain);
  restart_domain();
  run_for(500ms);
  REQUIRE(status_of("source").phase == component_phase::running);
  REQUIRE(status_of("sink").phase == component_phase::pending);

  say("a");

  CHECK(heard("a"));
}

TEST_CASE_FIXTURE(thinking, "who was adopted is patched like anybody") {
  restart_domain();
  run_for(3s);

  kill(sink_at);
  say("a");

  CHECK(placed_on("sink") != sink_at);
  CHECK(journal.back() == "sink@" + placed_on("sink") + " <- a");
  CHECK(status_of("source").restarts == 0);
}

TEST_CASE_FIXTURE(thinking, "who was adopted moves like anybody") {
  restart_domain();
  run_for(3s);

  REQUIRE(migrate("sink", source_at));
  say("a");
  run_for(6s);

  CHECK(placed_on("sink") == source_at);
  CHECK(journal.back() == "sink@" + source_at + " <- a");
  CHECK(balanced());
  CHECK(dropped() == 0);
}

// -- what does not ------------------------------------------------------------

TEST_CASE_FIXTURE(thinking, "who does not come back in a second is replaced") {
  kill_domain(brain);
  kill(sink_at);
  add_domain(brain);
  run_for(900ms);
  auto early = status_of("sink");
  run_for(500ms);

  CHECK(early.phase == component_phase::pending);
  CHECK(early.reason == "its node may still come back");
  CHECK(placed_on("sink") != "nowhere");
  CHECK(placed_on("sink") != sink_at);
  CHECK(status_of("source").instance == source.instance);
  say("a");
  CHECK(journal.back() == "sink@" + placed_on("sink") + " <- a");
}

TEST_CASE_FIXTURE(thinking, "who comes back too late is stopped") {
  cut(sink_at, brain);
  restart_domain();
  run_for(3s);
  REQUIRE(nodes_running("sink").size() == 2);

  reconnect(sink_at, brain);
  run_for(10s);

  CHECK(nodes_running("sink") == lines{placed_on("sink")});
  CHECK(placed_on("sink") != sink_at);
}

TEST_CASE_FIXTURE(thinking, "what ended meanwhile starts again") {
  kill_domain(brain);
  cast_to(sink_at, sink.instance, "die");
  add_domain(brain);
  run_for(2s);
  say("a");

  CHECK(status_of("sink").instance != sink.instance);
  CHECK(journal.back() == "sink@" + placed_on("sink") + " <- a");
}

TEST_CASE_FIXTURE(thinking, "what crashes while all is learnt starts again") {
  cut(sink_at, brain);
  restart_domain();
  run_for(500ms);
  REQUIRE(status_of("source").phase == component_phase::running);

  cast_to(source_at, source.instance, "die");

  CHECK(status_of("source").phase == component_phase::running);
  CHECK(status_of("source").instance != source.instance);
}

TEST_CASE_FIXTURE(thinking,
                  "a workflow that was stopped meanwhile is stopped") {
  auto other = start({function("f", "sink")});
  auto kept = status_of("f").instance;
  kill_domain(brain);
  stop(workflow);
  add_domain(brain);
  run_for(2s);

  CHECK(!node_state_of(source_at).instances.contains(source.instance));
  CHECK(!node_state_of(sink_at).instances.contains(sink.instance));
  CHECK(status_of(other).components[0].instance == kept);
}

TEST_CASE_FIXTURE(thinking, "a new workflow does not wait for old ones") {
  kill_domain(brain);
  kill(sink_at);
  add_domain(brain);
  run_for(500ms);

  start({function("f", "sink")});

  CHECK(status_of("f").phase == component_phase::running);
  CHECK(status_of("sink").phase == component_phase::pending);
}

// -- moves that it forgot -----------------------------------------------------

TEST_CASE_FIXTURE(thinking, "who is about to freeze is thawed by who adopts") {
  scripts["asker"] = [](guest_host&, const guest_event& x) -> step {
    if (x.payload == "ask")
      return call_step{"ask", "", [](call_result) {
                        return step{};
                      }};
    return blocking_cast_step{"out", x.payload, [] {
                      return step{};
                    }};
  };
  start({function("asker", "asker", {{"ask", "mute"}, {"out", "ear"}}),
         function("mute", "sink"), function("ear", "sink")});
  auto at = placed_on("asker"), mute = placed_on("mute");
  REQUIRE(at != mute);
  cut(at, mute);
  // Its handler returns when nobody has answered, and not before.
  enqueue_cast("asker", "ask");
  begin_migration("asker", mute);
  run_for(100ms);

  restart_domain();
  run_for(10s);
  enqueue_cast("asker", "hello");
  run_for(100ms);

  CHECK(nodes_running("asker").size() == 1);
  CHECK(std::ranges::count(journal, "sink@" + placed_on("ear") + " <- hello") == 1);
}

TEST_CASE(
  "a move that an orchestrator dies over leaves one, and loses nothing") {
  int stayed = 0;
  int moved = 0;
  for (int turns = 0; turns < 80; ++turns) {
    INFO("turns ", turns);
    movers x{static_cast<std::uint64_t>(turns % 3)};
    x.start_chain();
    auto before = x.status_of("middle");
    x.begin_migration(before.id, x.id_of("node-4"));
    x.drive(turns);
    x.restart_domain();
    x.run_for(3s);
    auto after = x.status_of("middle");
    x.rest();

    CHECK(after.phase == component_phase::running);
    CHECK(after.restarts == 0);
    CHECK(x.nodes_running("middle").size() == 1);
    CHECK(x.intact());
    CHECK(x.lossless());
    (after.instance == before.instance ? stayed : moved) += 1;
  }
  CHECK(stayed > 0);
  CHECK(moved > 0);
}
