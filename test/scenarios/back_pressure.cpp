// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// Producers that cast `burst` numbers for each "go", and a consumer that can
/// be frozen, so that its inbox fills up.
struct back_pressure_fixture : world {
  back_pressure_fixture() {
    scripts["burst"] = [this](guest_host& host, const guest_event& x) -> step {
      if ((x.kind == hook::stop && at_end) || (x.kind == hook::init && at_init))
        for (int i = 0; i < burst; ++i)
          host.cast("out", std::to_string(made++));
      return x.payload == "go" ? send(burst) : step{};
    };
    scripts["slow"] = [this](guest_host&, const guest_event& x) -> step {
      if (x.kind == hook::cast)
        seen.push_back(std::stoi(x.payload));
      return {};
    };
    add_node("node-1");
    add_node("node-2");
  }

  step send(int left) {
    if (left == 0)
      return finish{};
    return blocking_cast_step{"out", std::to_string(made++), [this, left] {
                                return send(left - 1);
                              }};
  }

  void begin(const std::string& policy, const std::string& node,
             const std::string& deadline = "5000") {
    start({function("from", "burst", {{"out", "to"}},
                    {{"on_full.out", policy}, {"call_timeout_ms", deadline}}),
           function("to", "slow")});
    place("from", "node-1");
    place("to", node);
  }

  void place(const std::string& name, const std::string& node) {
    if (placed_on(name) != node)
      REQUIRE(migrate(name, node));
    run_for(6s);
  }

  /// The consumer stays alive and handles no events.
  void freeze_consumer() {
    send_to_consumer(atom::freeze_v);
  }

  void thaw_consumer() {
    send_to_consumer(atom::thaw_v);
  }

  template <class Atom>
  void send_to_consumer(Atom what) {
    auto id = status_of("to").instance;
    auto there = registry(node_of(id)).find(id);
    REQUIRE(there);
    caf::anon_send(caf::actor_cast<caf::actor>(there->sink), what);
    run_until_idle();
  }

  bool is_complete() const {
    if (seen.size() != static_cast<std::size_t>(made))
      return false;
    for (int i = 0; i < made; ++i)
      if (seen[static_cast<std::size_t>(i)] != i)
        return false;
    return true;
  }

  static constexpr int flood = static_cast<int>(limits::inbox_events) + 1000;
  int burst = flood;
  int made = 0;
  bool at_init = false;
  bool at_end = false;
  std::vector<int> seen;
};

} // namespace

TEST_CASE_FIXTURE(
  back_pressure_fixture,
  "back-pressure: a block channel waits for inbox credit and loses nothing") {
  begin("block", "node-1");
  freeze_consumer();
  enqueue_cast("from", "go");
  run_for(50ms);
  CHECK(made < flood);

  thaw_consumer();
  run_for(100ms);
  run_for(1s);

  CHECK(made == flood);
  CHECK(is_complete());
  CHECK(balanced());
  CHECK(dropped() == 0);
}

TEST_CASE_FIXTURE(
  back_pressure_fixture,
  "back-pressure: a block channel waits for a target on another node") {
  begin("block", "node-2");
  freeze_consumer();
  enqueue_cast("from", "go");
  run_for(50ms);
  CHECK(made < flood);

  thaw_consumer();
  run_for(1s);

  CHECK(made == flood);
  CHECK(is_complete());
  CHECK(balanced());
  CHECK(dropped() == 0);
}

TEST_CASE_FIXTURE(
  back_pressure_fixture,
  "back-pressure: many blocked senders share the credit of one target") {
  std::map<std::string, std::string> policy{{"on_full.out", "block"},
                                            {"call_timeout_ms", "60000"}};
  std::vector<std::string> names{"a", "b", "c", "d", "e", "f", "g", "h"};
  std::vector<component_draft> all{function("to", "slow")};
  for (auto& name : names)
    all.push_back(function(name, "burst", {{"out", "to"}}, policy));
  start(all);
  place("to", "node-2");
  for (auto& name : names)
    place(name, "node-1");
  burst = 2000;
  freeze_consumer();
  for (auto& name : names)
    enqueue_cast(name, "go");
  run_for(100ms);
  CHECK(made < burst * 8);

  thaw_consumer();
  run_for(10s);

  CHECK(made == burst * 8);
  CHECK(std::set<int>(seen.begin(), seen.end()).size() == seen.size());
  CHECK(seen.size() == static_cast<std::size_t>(made));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(
  back_pressure_fixture,
  "back-pressure: a channel without a policy drops the newest events") {
  begin("drop-newest", "node-1");
  freeze_consumer();
  enqueue_cast("from", "go");
  run_for(50ms);
  CHECK(made == flood);

  thaw_consumer();
  run_for(1s);

  CHECK(seen.back() < flood - 900);
  CHECK(dropped(drop_reason::inbox_full) == flood - seen.size());
  CHECK(balanced());
}

TEST_CASE_FIXTURE(
  back_pressure_fixture,
  "back-pressure: a drop-oldest channel delivers the newest events") {
  begin("drop-oldest", "node-1");
  freeze_consumer();
  enqueue_cast("from", "go");
  run_for(50ms);
  CHECK(made == flood);

  thaw_consumer();
  run_for(1s);

  CHECK(seen.back() == flood - 1);
  CHECK(std::ranges::is_sorted(seen));
  CHECK(dropped(drop_reason::evicted) == flood - seen.size());
  CHECK(dropped() == dropped(drop_reason::evicted));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(
  back_pressure_fixture,
  "back-pressure: drop-oldest delivers the newest to another node") {
  begin("drop-oldest", "node-2");
  freeze_consumer();
  enqueue_cast("from", "go");
  run_for(50ms);
  CHECK(made == flood);

  thaw_consumer();
  run_for(1s);

  CHECK(seen.back() == flood - 1);
  CHECK(std::ranges::is_sorted(seen));
  CHECK(dropped() == dropped(drop_reason::evicted));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(back_pressure_fixture,
                  "back-pressure: a block channel waits for egress credit") {
  begin("block", "node-2", "60000");
  burst = static_cast<int>(limits::egress_events) + 1000;
  cut("node-1", "node-2");
  enqueue_cast("from", "go");
  run_for(50ms);
  CHECK(made < burst);

  reconnect("node-1", "node-2");
  run_for(9s);

  CHECK(made == burst);
  CHECK(dropped(drop_reason::egress_full) == 0);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(
  back_pressure_fixture,
  "back-pressure: a blocked cast is dropped after call_timeout_ms") {
  begin("block", "node-1", "100");
  burst = static_cast<int>(limits::retransmit_events) + 3;
  freeze_consumer();
  enqueue_cast("from", "go");
  run_for(500ms);

  CHECK(made == burst);
  CHECK(dropped(drop_reason::blocked_too_long) == 3);
}

TEST_CASE_FIXTURE(
  back_pressure_fixture,
  "back-pressure: a blocked instance finishes its handler when stopped") {
  begin("block", "node-1");
  freeze_consumer();
  enqueue_cast("from", "go");
  run_for(50ms);
  auto before = made;
  REQUIRE(before < flood);
  auto id = status_of("from").instance;

  stop("node-1", id);
  run_for(10ms);

  // The handler finishes without waiting, then the stop hook runs.
  CHECK(made == flood);
  CHECK(!registry("node-1").find(id));
}

TEST_CASE_FIXTURE(back_pressure_fixture,
                  "back-pressure: the init and stop hooks never block") {
  at_init = true;
  begin("block", "node-1");
  freeze_consumer();

  at_end = true;
  made = 0;
  auto id = status_of("from").instance;
  stop("node-1", id);
  run_for(10ms);

  CHECK(made >= flood);
  CHECK(!registry("node-1").find(id));
}

TEST_CASE_FIXTURE(back_pressure_fixture,
                  "back-pressure: a cycle of block channels makes progress") {
  scripts["echo"] = [this](guest_host&, const guest_event& x) -> step {
    if (x.kind != hook::cast)
      return {};
    ++made;
    return blocking_cast_step{"out", x.payload, [x] {
                                return blocking_cast_step{"out", x.payload, [] {
                                                            return step{};
                                                          }};
                              }};
  };
  std::map<std::string, std::string> policy{{"on_full.out", "block"},
                                            {"call_timeout_ms", "20"}};
  start({function("a", "echo", {{"out", "b"}}, policy),
         function("b", "echo", {{"out", "a"}}, policy)});
  place("a", "node-1");
  place("b", "node-1");
  enqueue_cast("a", "x");
  run_for(400ms);
  auto before = made;

  run_for(400ms);

  CHECK(made > before);
  CHECK(dropped(drop_reason::blocked_too_long) > 0);
}

TEST_CASE_FIXTURE(back_pressure_fixture,
                  "back-pressure: a block channel to its own instance drops") {
  start({function("me", "burst", {{"out", "me"}}, {{"on_full.out", "block"}})});

  cast_to("me", "go");

  CHECK(made == flood);
  CHECK(dropped(drop_reason::blocked_too_long) > 0);
}

TEST_CASE_FIXTURE(
  back_pressure_fixture,
  "back-pressure: a blocked instance migrates once it has credit") {
  begin("block", "node-1");
  freeze_consumer();
  enqueue_cast("from", "go");
  run_for(50ms);
  outcomes.clear();
  begin_migration("from", "node-2");
  run_for(50ms);
  CHECK(outcomes.empty());

  thaw_consumer();
  run_for(200ms);
  run_for(6s);

  REQUIRE(outcomes.size() == 1);
  CHECK(outcomes[0]);
  CHECK(placed_on("from") == "node-2");
  CHECK(is_complete());
  CHECK(dropped() == 0);
}

TEST_CASE_FIXTURE(
  back_pressure_fixture,
  "back-pressure: a policy for an unknown output rejects the workflow") {
  auto from = function("from", "burst", {}, {{"on_full.oui", "drop-all"}});
  from.outputs = {"out"};

  auto problem = try_start({from});

  auto text = explain(problem);
  CHECK(text.find("the function has no output \"oui\"") != std::string::npos);
  CHECK(text.find("drop-newest, drop-oldest, block") != std::string::npos);
}
