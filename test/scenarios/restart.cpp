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
    source = look("source");
    sink = look("sink");
    source_at = home("source");
    sink_at = home("sink");
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
      auto now = look(before.name);
      CHECK(now.phase == component_phase::running);
      CHECK(now.id == before.id);
      CHECK(now.instance == before.instance);
      CHECK(now.restarts == 0);
      CHECK(sightings(before.name).size() == 1);
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
  pass(3s);

  check_untouched();
  CHECK(domains()[0].nodes == 3);
}

TEST_CASE_FIXTURE(thinking, "events flow while there is no orchestrator") {
  say("a");
  kill_domain(brain);
  say("b");
  pass(1min);
  say("c");
  add_domain(brain);
  pass(150ms);
  say("d");
  pass(3s);
  say("e");

  for (auto x : {"a", "b", "c", "d", "e"})
    CHECK(heard(x));
  check_untouched();
}

TEST_CASE_FIXTURE(thinking,
                  "a domain that was away for long has its workflows") {
  kill_domain(brain);
  pass(1min);
  add_domain(brain);
  pass(3s);

  CHECK(look(workflow).domain == brain);
  CHECK(look(workflow).reasons.empty());
  check_untouched();
}

TEST_CASE("whoever comes back first, all is adopted") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    INFO("seed ", seed);
    thinking x{seed};
    x.restart_domain();
    x.pass(std::chrono::milliseconds{seed * 10});
    x.say("a");
    x.pass(3s);
    x.say("b");
    CHECK(x.heard("a"));
    CHECK(x.heard("b"));
    x.check_untouched();
  }
}

TEST_CASE_FIXTURE(thinking, "an orchestrator may die again while it learns") {
  for (int i = 0; i < 5; ++i) {
    restart_domain();
    pass(150ms);
  }
  pass(3s);

  check_untouched();
}

TEST_CASE_FIXTURE(thinking, "without a controller everything runs on") {
  cut("controller", brain);
  restart_domain();
  pass(1min);
  say("a");

  CHECK(heard("a"));
  CHECK(inside(source_at).instances.contains(source.instance));
  CHECK(inside(sink_at).instances.contains(sink.instance));
  mend("controller", brain);
  pass(5s);
  say("b");
  CHECK(heard("b"));
  check_untouched();
}

TEST_CASE("a chain under load loses nothing when its orchestrator restarts") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    INFO("seed ", seed);
    migration_fixture x{seed};
    x.start_chain();
    x.drive(500);
    x.kill_domain(brain);
    x.pass(700ms);
    x.add_domain(brain);
    x.drive(500);
    x.pass(2s);
    x.rest();
    CHECK(x.made > 1000);
    CHECK(x.is_intact());
    CHECK(x.is_lossless());
  }
}

TEST_CASE_FIXTURE(thinking, "who was adopted feeds whom it fed until then") {
  // The orchestrator cannot find the sink; the source can.
  cut(sink_at, brain);
  restart_domain();
  pass(500ms);
  REQUIRE(look("source").phase == component_phase::running);
  REQUIRE(look("sink").phase == component_phase::pending);

  say("a");

  CHECK(heard("a"));
}

TEST_CASE_FIXTURE(thinking, "who was adopted is patched like anybody") {
  restart_domain();
  pass(3s);

  kill(sink_at);
  say("a");

  CHECK(home("sink") != sink_at);
  CHECK(journal.back() == "sink@" + home("sink") + " <- a");
  CHECK(look("source").restarts == 0);
}

TEST_CASE_FIXTURE(thinking, "who was adopted moves like anybody") {
  restart_domain();
  pass(3s);

  REQUIRE(migrate("sink", source_at));
  say("a");
  pass(6s);

  CHECK(home("sink") == source_at);
  CHECK(journal.back() == "sink@" + source_at + " <- a");
  CHECK(balanced());
  CHECK(dropped() == 0);
}

// -- what does not ------------------------------------------------------------

TEST_CASE_FIXTURE(thinking, "who does not come back in a second is replaced") {
  kill_domain(brain);
  kill(sink_at);
  add_domain(brain);
  pass(900ms);
  auto early = look("sink");
  pass(500ms);

  CHECK(early.phase == component_phase::pending);
  CHECK(early.reason == "its node may still come back");
  CHECK(home("sink") != "nowhere");
  CHECK(home("sink") != sink_at);
  CHECK(look("source").instance == source.instance);
  say("a");
  CHECK(journal.back() == "sink@" + home("sink") + " <- a");
}

TEST_CASE_FIXTURE(thinking, "who comes back too late is stopped") {
  cut(sink_at, brain);
  restart_domain();
  pass(3s);
  REQUIRE(sightings("sink").size() == 2);

  mend(sink_at, brain);
  pass(10s);

  CHECK(sightings("sink") == lines{home("sink")});
  CHECK(home("sink") != sink_at);
}

TEST_CASE_FIXTURE(thinking, "what ended meanwhile starts again") {
  kill_domain(brain);
  cast_to(sink_at, sink.instance, "die");
  add_domain(brain);
  pass(2s);
  say("a");

  CHECK(look("sink").instance != sink.instance);
  CHECK(journal.back() == "sink@" + home("sink") + " <- a");
}

TEST_CASE_FIXTURE(thinking, "what crashes while all is learnt starts again") {
  cut(sink_at, brain);
  restart_domain();
  pass(500ms);
  REQUIRE(look("source").phase == component_phase::running);

  cast_to(source_at, source.instance, "die");

  CHECK(look("source").phase == component_phase::running);
  CHECK(look("source").instance != source.instance);
}

TEST_CASE_FIXTURE(thinking,
                  "a workflow that was stopped meanwhile is stopped") {
  auto other = start({function("f", "sink")});
  auto kept = look("f").instance;
  kill_domain(brain);
  stop(workflow);
  add_domain(brain);
  pass(2s);

  CHECK(!inside(source_at).instances.contains(source.instance));
  CHECK(!inside(sink_at).instances.contains(sink.instance));
  CHECK(look(other).components[0].instance == kept);
}

TEST_CASE_FIXTURE(thinking, "a new workflow does not wait for old ones") {
  kill_domain(brain);
  kill(sink_at);
  add_domain(brain);
  pass(500ms);

  start({function("f", "sink")});

  CHECK(look("f").phase == component_phase::running);
  CHECK(look("sink").phase == component_phase::pending);
}

// -- moves that it forgot -----------------------------------------------------

TEST_CASE_FIXTURE(thinking, "who is about to freeze is thawed by who adopts") {
  scripts["asker"] = [](guest_host&, const guest_event& x) -> step {
    if (x.payload == "ask")
      return call_out{"ask", "", [](call_result) {
                        return step{};
                      }};
    return cast_out{"out", x.payload, [] {
                      return step{};
                    }};
  };
  start({function("asker", "asker", {{"ask", "mute"}, {"out", "ear"}}),
         function("mute", "sink"), function("ear", "sink")});
  auto at = home("asker"), mute = home("mute");
  REQUIRE(at != mute);
  cut(at, mute);
  // Its handler returns when nobody has answered, and not before.
  post("asker", "ask");
  begin_move("asker", mute);
  pass(100ms);

  restart_domain();
  pass(10s);
  post("asker", "hello");
  pass(100ms);

  CHECK(sightings("asker").size() == 1);
  CHECK(std::ranges::count(journal, "sink@" + home("ear") + " <- hello") == 1);
}

TEST_CASE(
  "a move that an orchestrator dies over leaves one, and loses nothing") {
  int stayed = 0;
  int moved = 0;
  for (int turns = 0; turns < 80; ++turns) {
    INFO("turns ", turns);
    migration_fixture x{static_cast<std::uint64_t>(turns % 3)};
    x.start_chain();
    auto before = x.look("middle");
    x.begin_move(before.id, x.id_of("node-4"));
    x.drive(turns);
    x.restart_domain();
    x.pass(3s);
    auto after = x.look("middle");
    x.rest();

    CHECK(after.phase == component_phase::running);
    CHECK(after.restarts == 0);
    CHECK(x.sightings("middle").size() == 1);
    CHECK(x.is_intact());
    CHECK(x.is_lossless());
    (after.instance == before.instance ? stayed : moved) += 1;
  }
  CHECK(stayed > 0);
  CHECK(moved > 0);
}
