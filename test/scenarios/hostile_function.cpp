// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"

#include "messages/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// A function whose node is lost again and again.
struct unlucky_function : world {
  unlucky_function() {
    for (auto name : {"node-1", "node-2", "node-3"})
      add_node(name);
    start({function("f", "sink")});
  }

  /// Its node is lost, comes back, and that many seconds pass.
  void lose_node(int seconds) {
    REQUIRE(placed_on("f") != "nowhere");
    restart(placed_on("f"));
    run_for(std::chrono::seconds{seconds});
  }

  std::string isolation() {
    auto& settings = node_state_of(placed_on("f"))
                       .instances.find(status_of("f").instance)
                       ->spec.settings;
    auto found = settings.find("isolation");
    return found == settings.end() ? "" : found->second;
  }
};

} // namespace

TEST_CASE_FIXTURE(world, "sleep: a guest goes on after the time, and its later "
                         "events wait") {
  scripts["timers"] = [&](guest_host& host, const guest_event& x) -> step {
    if (x.kind != hook::cast)
      return {};
    auto text = x.payload;
    return sleep_step{3s, [&, text]() -> step {
                        note(host, "timers", " <- " + text);
                        return {};
                      }};
  };
  add_node("node-1");
  start({function("f", "timers")});
  cast_to("f", "a");
  cast_to("f", "b");

  run_for(2900ms);
  CHECK(journal.empty());
  run_for(200ms);
  CHECK(journal == lines{"timers@node-1 <- a"});
  run_for(3s);
  CHECK(journal == lines{"timers@node-1 <- a", "timers@node-1 <- b"});
  CHECK(balanced());
}

TEST_CASE_FIXTURE(world, "sleep: a stop does not wait for its end") {
  scripts["timers"] = [](guest_host&, const guest_event& x) -> step {
    if (x.kind != hook::cast)
      return {};
    return sleep_step{24h, []() -> step {
                        return {};
                      }};
  };
  add_node("node-1");
  auto id = start({function("f", "timers")});
  cast_to("f", "a");

  stop(id);
  run_for(1s);

  CHECK(node_state_of("node-1").instances.empty());
}

TEST_CASE_FIXTURE(world, "sync: of many states only the newest waits for the "
                         "node") {
  scripts["syncer"] = [&](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::init)
      note(host, "syncer", " had " + x.state);
    if (x.kind != hook::cast)
      return {};
    for (int i = 1; i <= 1000; ++i)
      host.sync(std::to_string(i));
    auto& states = registry("node-1").states;
    auto id = host.self().instance;
    auto newest = states.take(id);
    CHECK(newest == "1000");
    CHECK(!states.take(id));
    CHECK(states.put(id, *newest));
    CHECK(!states.put(id, *newest)); // the node knows already
    return {};
  };
  add_node("node-1");
  start({function("f", "syncer", {}, {{"state_policy", "Global"}})});
  cast_to("f", "a");
  run_for(1s);

  kill("node-1");
  add_node("node-2");
  REQUIRE(journal.size() == 2);
  CHECK(journal[0] == "syncer@node-1 had ");
  CHECK(journal[1].ends_with(" had 1000"));
}

TEST_CASE_FIXTURE(world, "log: lines of a function beyond its rate are counted "
                         "and do not reach the log") {
  int more = 1500;
  scripts["logger"] = [&](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::cast)
      for (int i = 0; i < more; ++i)
        host.log(1, "test", "x");
    return {};
  };
  add_node("node-1");
  registry("node-1").logging = {1000, 1u << 20};
  start({function("f", "logger")});
  auto& counters = registry("node-1").counters;
  cast_to("f", "a");
  CHECK(counters.log_lines_omitted == 0); // not reported yet
  run_for(1100ms);
  CHECK(counters.log_lines_omitted == 500);

  // The next second has room again.
  more = 1000;
  run_for(1s);
  cast_to("f", "a");
  run_for(1s);
  CHECK(counters.log_lines_omitted == 500);

  // What was omitted is counted when the function ends early.
  more = 2500;
  cast_to("f", "a");
  stop("node-1", status_of("f").instance);
  run_for(100ms);
  CHECK(counters.log_lines_omitted == 2000);
}

TEST_CASE_FIXTURE(world, "delayed cast: the bytes that wait are bounded") {
  scripts["hoarder"] = [](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::cast)
      for (int i = 0; i < 20; ++i)
        host.delayed_cast(1h, "self", std::string(1u << 20, 'x'));
    return {};
  };
  add_node("node-1");
  start({function("f", "hoarder")});
  cast_to("f", "a");

  CHECK(dropped(drop_reason::too_many_delayed) == 5);
}

TEST_CASE_FIXTURE(unlucky_function,
                  "failover: a function whose nodes are lost soon after its "
                  "start backs off, is isolated, and gets into quarantine") {
  lose_node(0);
  CHECK(placed_on("f") != "nowhere");
  CHECK(isolation().empty());

  lose_node(0);
  CHECK(placed_on("f") == "nowhere");
  CHECK(status_of("f").reason
        == "its node was lost 2 times in a row, each time within 10 s of its "
           "start there");
  run_for(2s);
  CHECK(isolation().empty());

  lose_node(3);
  CHECK(isolation() == "process");
  lose_node(5);
  lose_node(9);
  CHECK(isolation() == "process");
  restart(placed_on("f"));
  run_for(9min);
  CHECK(placed_on("f") == "nowhere");
  CHECK(status_of("f").reason.ends_with(": it is in quarantine for 10 min"));

  run_for(2min);
  CHECK(placed_on("f") != "nowhere");
}

TEST_CASE_FIXTURE(unlucky_function,
                  "failover: a function that ran for long is not suspected") {
  for (int i = 0; i < 8; ++i) {
    lose_node(0);
    CHECK(placed_on("f") != "nowhere");
    run_for(11s);
  }
  CHECK(isolation().empty());
}

TEST_CASE_FIXTURE(unlucky_function,
                  "failover: a suspected function is adopted by a restarted "
                  "orchestrator, and moves with its isolation") {
  lose_node(0);
  lose_node(2);
  lose_node(3);
  REQUIRE(isolation() == "process");
  auto instance = status_of("f").instance;
  auto target = placed_on("f") == "node-1" ? "node-2" : "node-1";
  REQUIRE(migrate("f", target));
  CHECK(isolation() == "process");
  CHECK(status_of("f").instance != instance);
  instance = status_of("f").instance;

  restart_domain();
  run_for(10s);

  CHECK(status_of("f").instance == instance);
}
