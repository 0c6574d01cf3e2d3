// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// Producers that send `burst` numbers with each "go", and a consumer that
/// handles nothing while it is stuck; both on the nodes they are told.
struct producers : world {
  producers() {
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

  void begin(const std::string& policy, const std::string& where,
             const std::string& deadline = "5000") {
    start({function("from", "burst", {{"out", "to"}},
                    {{"on_full.out", policy}, {"call_timeout_ms", deadline}}),
           function("to", "slow")});
    place("from", "node-1");
    place("to", where);
  }

  void place(const std::string& who, const std::string& where) {
    if (placed_on(who) != where)
      REQUIRE(migrate(who, where));
    run_for(6s);
  }

  /// The consumer lives, and takes nothing up.
  void stick() {
    tell_consumer(atom::freeze_v);
  }

  void free() {
    tell_consumer(atom::thaw_v);
  }

  template <class Atom>
  void tell_consumer(Atom what) {
    auto id = status_of("to").instance;
    auto there = registry(node_of(id)).find(id);
    REQUIRE(there);
    caf::anon_send(caf::actor_cast<caf::actor>(there->sink), what);
    run_until_idle();
  }

  bool complete() const {
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

TEST_CASE_FIXTURE(producers, "who blocks waits for room, and loses nothing") {
  begin("block", "node-1");
  stick();
  enqueue_cast("from", "go");
  run_for(50ms);
  CHECK(made < flood);

  free();
  run_for(100ms);
  run_for(1s);

  CHECK(made == flood);
  CHECK(complete());
  CHECK(balanced());
  CHECK(dropped() == 0);
}

TEST_CASE_FIXTURE(producers, "who blocks waits for another node as well") {
  begin("block", "node-2");
  stick();
  enqueue_cast("from", "go");
  run_for(50ms);
  CHECK(made < flood);

  free();
  run_for(1s);

  CHECK(made == flood);
  CHECK(complete());
  CHECK(balanced());
  CHECK(dropped() == 0);
}

TEST_CASE_FIXTURE(producers, "many who block share what room there is") {
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
  stick();
  for (auto& name : names)
    enqueue_cast(name, "go");
  run_for(100ms);
  CHECK(made < burst * 8);

  free();
  run_for(10s);

  CHECK(made == burst * 8);
  CHECK(std::set<int>(seen.begin(), seen.end()).size() == seen.size());
  CHECK(seen.size() == static_cast<std::size_t>(made));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(producers, "without a policy, the same loses the newest") {
  begin("drop-newest", "node-1");
  stick();
  enqueue_cast("from", "go");
  run_for(50ms);
  CHECK(made == flood);

  free();
  run_for(1s);

  CHECK(seen.back() < flood - 900);
  CHECK(dropped(drop_reason::inbox_full) == flood - seen.size());
  CHECK(balanced());
}

TEST_CASE_FIXTURE(producers, "drop-oldest keeps the newest") {
  begin("drop-oldest", "node-1");
  stick();
  enqueue_cast("from", "go");
  run_for(50ms);
  CHECK(made == flood);

  free();
  run_for(1s);

  CHECK(seen.back() == flood - 1);
  CHECK(std::ranges::is_sorted(seen));
  CHECK(dropped(drop_reason::evicted) == flood - seen.size());
  CHECK(dropped() == dropped(drop_reason::evicted));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(producers, "drop-oldest keeps the newest on another node") {
  begin("drop-oldest", "node-2");
  stick();
  enqueue_cast("from", "go");
  run_for(50ms);
  CHECK(made == flood);

  free();
  run_for(1s);

  CHECK(seen.back() == flood - 1);
  CHECK(std::ranges::is_sorted(seen));
  CHECK(dropped() == dropped(drop_reason::evicted));
  CHECK(balanced());
}

TEST_CASE_FIXTURE(producers, "a link without room blocks as well") {
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

TEST_CASE_FIXTURE(producers, "who has waited for too long drops, and goes on") {
  begin("block", "node-1", "100");
  burst = static_cast<int>(limits::retransmit_events) + 3;
  stick();
  enqueue_cast("from", "go");
  run_for(500ms);

  CHECK(made == burst);
  CHECK(dropped(drop_reason::blocked_too_long) == 3);
}

TEST_CASE_FIXTURE(producers, "who is blocked takes up events and is stopped") {
  begin("block", "node-1");
  stick();
  enqueue_cast("from", "go");
  run_for(50ms);
  auto before = made;
  REQUIRE(before < flood);
  auto id = status_of("from").instance;

  stop("node-1", id);
  run_for(10ms);

  // It finishes its handler without waiting, then its stop runs.
  CHECK(made == flood);
  CHECK(!registry("node-1").find(id));
}

TEST_CASE_FIXTURE(producers, "init and stop never wait") {
  at_init = true;
  begin("block", "node-1");
  stick();

  at_end = true;
  made = 0;
  auto id = status_of("from").instance;
  stop("node-1", id);
  run_for(10ms);

  CHECK(made >= flood);
  CHECK(!registry("node-1").find(id));
}

TEST_CASE_FIXTURE(producers, "a circle of those who block cannot hang") {
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

TEST_CASE_FIXTURE(producers, "a function that floods itself does not wait") {
  start({function("me", "burst", {{"out", "me"}}, {{"on_full.out", "block"}})});

  cast_to("me", "go");

  CHECK(made == flood);
  CHECK(dropped(drop_reason::blocked_too_long) > 0);
}

TEST_CASE_FIXTURE(producers, "who is blocked moves when it has room") {
  begin("block", "node-1");
  stick();
  enqueue_cast("from", "go");
  run_for(50ms);
  outcomes.clear();
  begin_migration("from", "node-2");
  run_for(50ms);
  CHECK(outcomes.empty());

  free();
  run_for(200ms);
  run_for(6s);

  REQUIRE(outcomes.size() == 1);
  CHECK(outcomes[0]);
  CHECK(placed_on("from") == "node-2");
  CHECK(complete());
  CHECK(dropped() == 0);
}

TEST_CASE_FIXTURE(producers, "a policy for no output starts nothing") {
  auto from = function("from", "burst", {}, {{"on_full.oui", "drop-all"}});
  from.outputs = {"out"};

  auto problem = try_start({from});

  auto text = explain(problem);
  CHECK(text.find("the function has no output \"oui\"") != std::string::npos);
  CHECK(text.find("drop-newest, drop-oldest, block") != std::string::npos);
}
