// SPDX-License-Identifier: MIT
#include "test/fixtures/migration_fixture.hpp"

#include <algorithm>

using namespace edgeless;
using namespace edgeless::test;

namespace {

const std::string domain_name = "domain-1";

/// A source on one node feeds a sink on another node; a third node is empty.
struct restart_fixture : world {
  explicit restart_fixture(std::uint64_t seed = 0)
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

  /// Sends to the source without asking the controller for its node, which the
  /// controller may not know.
  void send(const std::string& payload) {
    cast_to(source_at, source.instance, payload);
  }

  bool has_received(const std::string& payload) const {
    return std::ranges::count(journal, "sink@" + sink_at + " <- " + payload)
           == 1;
  }

  /// Checks that both instances run where they ran and that no event was lost.
  void check_unchanged() {
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

// -- adoption -----------------------------------------------------------------

TEST_CASE_FIXTURE(restart_fixture,
                  "restart: a new orchestrator adopts the running instances") {
  restart_domain();
  run_for(3s);

  check_unchanged();
  CHECK(domains()[0].nodes == 3);
}

TEST_CASE_FIXTURE(restart_fixture,
                  "restart: events flow while there is no orchestrator") {
  send("a");
  kill_domain(domain_name);
  send("b");
  run_for(1min);
  send("c");
  add_domain(domain_name);
  run_for(150ms);
  send("d");
  run_for(3s);
  send("e");

  for (auto x : {"a", "b", "c", "d", "e"})
    CHECK(has_received(x));
  check_unchanged();
}

TEST_CASE_FIXTURE(
  restart_fixture,
  "restart: a domain that was away for long keeps its workflows") {
  kill_domain(domain_name);
  run_for(1min);
  add_domain(domain_name);
  run_for(3s);

  CHECK(status_of(workflow).domain == domain_name);
  CHECK(status_of(workflow).reasons.empty());
  check_unchanged();
}

TEST_CASE("restart: all instances are adopted in any order of joins") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    INFO("seed ", seed);
    restart_fixture x{seed};
    x.restart_domain();
    x.run_for(std::chrono::milliseconds{seed * 10});
    x.send("a");
    x.run_for(3s);
    x.send("b");
    CHECK(x.has_received("a"));
    CHECK(x.has_received("b"));
    x.check_unchanged();
  }
}

TEST_CASE_FIXTURE(restart_fixture,
                  "restart: an orchestrator may fail again during recovery") {
  for (int i = 0; i < 5; ++i) {
    restart_domain();
    run_for(150ms);
  }
  run_for(3s);

  check_unchanged();
}

TEST_CASE_FIXTURE(
  restart_fixture,
  "restart: instances run on while the controller is unreachable") {
  cut("controller", domain_name);
  restart_domain();
  run_for(1min);
  send("a");

  CHECK(has_received("a"));
  CHECK(node_state_of(source_at).instances.contains(source.instance));
  CHECK(node_state_of(sink_at).instances.contains(sink.instance));
  reconnect("controller", domain_name);
  run_for(5s);
  send("b");
  CHECK(has_received("b"));
  check_unchanged();
}

TEST_CASE("restart: a chain under load loses no event") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    INFO("seed ", seed);
    migration_fixture x{seed};
    x.start_chain();
    x.drive(500);
    x.kill_domain(domain_name);
    x.run_for(700ms);
    x.add_domain(domain_name);
    x.drive(500);
    x.run_for(2s);
    x.rest();
    CHECK(x.made > 1000);
    CHECK(x.is_intact());
    CHECK(x.is_lossless());
  }
}

TEST_CASE_FIXTURE(
  restart_fixture,
  "restart: an adopted instance keeps its routes until recovery has finished") {
  // The node of the sink reaches the node of the source only.
  cut(sink_at, domain_name);
  restart_domain();
  run_for(500ms);
  REQUIRE(status_of("source").phase == component_phase::running);
  REQUIRE(status_of("sink").phase == component_phase::pending);

  send("a");

  CHECK(has_received("a"));
}

TEST_CASE_FIXTURE(
  restart_fixture,
  "restart: an adopted instance is patched when its target is relocated") {
  restart_domain();
  run_for(3s);

  kill(sink_at);
  send("a");

  CHECK(placed_on("sink") != sink_at);
  CHECK(journal.back() == "sink@" + placed_on("sink") + " <- a");
  CHECK(status_of("source").restarts == 0);
}

TEST_CASE_FIXTURE(restart_fixture,
                  "restart: an adopted instance can be migrated") {
  restart_domain();
  run_for(3s);

  REQUIRE(migrate("sink", source_at));
  send("a");
  run_for(6s);

  CHECK(placed_on("sink") == source_at);
  CHECK(journal.back() == "sink@" + source_at + " <- a");
  CHECK(balanced());
  CHECK(dropped() == 0);
}

// -- instances that do not come back ------------------------------------------

TEST_CASE_FIXTURE(
  restart_fixture,
  "restart: an instance that does not come back within a second is replaced") {
  kill_domain(domain_name);
  kill(sink_at);
  add_domain(domain_name);
  run_for(900ms);
  auto before_timeout = status_of("sink");
  run_for(500ms);

  CHECK(before_timeout.phase == component_phase::pending);
  CHECK(before_timeout.reason == "its node may still come back");
  CHECK(placed_on("sink") != "nowhere");
  CHECK(placed_on("sink") != sink_at);
  CHECK(status_of("source").instance == source.instance);
  send("a");
  CHECK(journal.back() == "sink@" + placed_on("sink") + " <- a");
}

TEST_CASE_FIXTURE(restart_fixture,
                  "restart: an instance that comes back too late is stopped") {
  cut(sink_at, domain_name);
  restart_domain();
  run_for(3s);
  REQUIRE(nodes_running("sink").size() == 2);

  reconnect(sink_at, domain_name);
  run_for(10s);

  CHECK(nodes_running("sink") == lines{placed_on("sink")});
  CHECK(placed_on("sink") != sink_at);
}

TEST_CASE_FIXTURE(
  restart_fixture,
  "restart: an instance that ended meanwhile is started again") {
  kill_domain(domain_name);
  cast_to(sink_at, sink.instance, "die");
  add_domain(domain_name);
  run_for(2s);
  send("a");

  CHECK(status_of("sink").instance != sink.instance);
  CHECK(journal.back() == "sink@" + placed_on("sink") + " <- a");
}

TEST_CASE_FIXTURE(
  restart_fixture,
  "restart: an instance that crashes during recovery is started again") {
  cut(sink_at, domain_name);
  restart_domain();
  run_for(500ms);
  REQUIRE(status_of("source").phase == component_phase::running);

  cast_to(source_at, source.instance, "die");

  CHECK(status_of("source").phase == component_phase::running);
  CHECK(status_of("source").instance != source.instance);
}

TEST_CASE_FIXTURE(restart_fixture,
                  "restart: a workflow that was stopped meanwhile is stopped") {
  auto other = start({function("f", "sink")});
  auto kept = status_of("f").instance;
  kill_domain(domain_name);
  stop(workflow);
  add_domain(domain_name);
  run_for(2s);

  CHECK(!node_state_of(source_at).instances.contains(source.instance));
  CHECK(!node_state_of(sink_at).instances.contains(sink.instance));
  CHECK(status_of(other).components[0].instance == kept);
}

TEST_CASE_FIXTURE(
  restart_fixture,
  "restart: a new workflow does not wait for the recovery of others") {
  kill_domain(domain_name);
  kill(sink_at);
  add_domain(domain_name);
  run_for(500ms);

  start({function("f", "sink")});

  CHECK(status_of("f").phase == component_phase::running);
  CHECK(status_of("sink").phase == component_phase::pending);
}

// -- migrations under way -----------------------------------------------------

TEST_CASE_FIXTURE(
  restart_fixture,
  "restart: a source about to freeze is thawed when it is adopted") {
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
  // The handler of the asker returns only when its call has timed out.
  enqueue_cast("asker", "ask");
  begin_migration("asker", mute);
  run_for(100ms);

  restart_domain();
  run_for(10s);
  enqueue_cast("asker", "hello");
  run_for(100ms);

  CHECK(nodes_running("asker").size() == 1);
  CHECK(std::ranges::count(journal, "sink@" + placed_on("ear") + " <- hello")
        == 1);
}

TEST_CASE("restart: a migration interrupted at any turn leaves one instance "
          "and no loss") {
  int stayed = 0;
  int moved = 0;
  for (int turns = 0; turns < 80; ++turns) {
    INFO("turns ", turns);
    migration_fixture x{static_cast<std::uint64_t>(turns % 3)};
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
    CHECK(x.is_intact());
    CHECK(x.is_lossless());
    (after.instance == before.instance ? stayed : moved) += 1;
  }
  CHECK(stayed > 0);
  CHECK(moved > 0);
}
