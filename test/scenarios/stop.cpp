// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct stop_fixture : world {
  stop_fixture() {
    // Writes each event to the journal; "wait" calls `out`, "spin" loops.
    scripts["actor"] = [this](guest_host& host, const guest_event& x) -> step {
      static const std::map<hook, std::string> names{{hook::init, "init"},
                                                     {hook::cast, "cast "},
                                                     {hook::call, "call "},
                                                     {hook::stop, "stop"}};
      journal.push_back(names.at(x.kind) + x.payload);
      if (x.payload == "spin")
        return spin{};
      if (x.payload != "wait")
        return {};
      return call_step{"out", "never", [&host, this](call_result y) -> step {
                         journal.push_back(
                           y.kind == event_kind::error ? "error" : "answer");
                         return {};
                       }};
    };
    add_node("node-1");
  }

  /// An actor, and a server that never answers it.
  void start_waiting() {
    start({function("f", "actor", {{"out", "server"}}),
           function("server", "server", {{"out", "f"}})});
  }

  void stop_instance(const std::string& component) {
    stop("node-1", status_of(component).instance);
  }
};

} // namespace

TEST_CASE_FIXTURE(stop_fixture, "stop: a stopped workflow leaves no instance") {
  auto id = start({function("f", "actor"), function("g", "actor")});

  stop(id);

  CHECK(journal == lines{"init", "init", "stop", "stop"});
  CHECK(node_state_of("node-1").instances.empty());
  CHECK(list().empty());
}

TEST_CASE_FIXTURE(stop_fixture, "stop: other workflows run on") {
  auto id = start({function("f", "sink")});
  start({function("g", "sink")});

  stop(id);

  CHECK(placed_on("g") == "node-1");
  CHECK(status_of("g").restarts == 0);
}

TEST_CASE_FIXTURE(stop_fixture, "stop: a pending workflow can be stopped") {
  auto id = start({function("f", "sink", {}, {{"label_match_all", "moon"}})});

  stop(id);
  add_node("node-2", labelled({"moon"}));
  run_for(10s);

  CHECK(list().empty());
  CHECK(node_state_of("node-2").instances.empty());
}

TEST_CASE_FIXTURE(stop_fixture, "stop: the stop hook runs before queued "
                                "events, which are counted as dropped") {
  start_waiting();
  cast_to("f", "wait");
  cast_to("f", "second");
  cast_to("f", "third");
  journal.clear();

  stop_instance("f");
  run_until_idle();

  CHECK(std::vector(journal.begin(), journal.begin() + 2)
        == lines{"error", "stop"});
  // The two casts and the call of the server.
  CHECK(dropped(drop_reason::stopped) == 3);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(stop_fixture,
                  "stop: handled events are not counted as dropped") {
  auto id = start({function("f", "actor")});
  cast_to("f", "a");

  stop(id);

  CHECK(dropped(drop_reason::stopped) == 0);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(stop_fixture,
                  "stop: calls of a stopping guest fail at once") {
  scripts["stubborn"] = [this](guest_host&, const guest_event& x) -> step {
    if (x.kind != hook::stop)
      return {};
    return call_step{"out", "a", [this](call_result y) -> step {
                       journal.push_back(
                         y.kind == event_kind::error ? "error" : "answer");
                       return {};
                     }};
  };
  auto id = start({function("f", "stubborn", {{"out", "server"}}),
                   function("server", "server")});

  stop(id);

  CHECK(journal == lines{"error"});
}

TEST_CASE_FIXTURE(stop_fixture,
                  "stop: a spinning guest is dropped 200 ms after the stop") {
  start({function("f", "actor")});
  auto instance = status_of("f").instance;
  enqueue_cast("f", "spin");
  run(50);
  REQUIRE(journal.back() == "cast spin");

  stop("node-1", instance);
  run(50);
  advance_clock(limits::stop_grace - 1ms);
  run(50);
  auto before = node_state_of("node-1").instances.contains(instance);
  advance_clock(1ms);
  run_until_idle();

  CHECK(before);
  CHECK(!node_state_of("node-1").instances.contains(instance));
  CHECK(dropped(drop_reason::stopped) == 1);
}

TEST_CASE_FIXTURE(stop_fixture,
                  "stop: a guest that spins in its stop hook is dropped") {
  scripts["sticky"] = [](guest_host&, const guest_event& x) -> step {
    return x.kind == hook::stop ? step{spin{}} : step{};
  };
  start({function("f", "sticky")});
  auto instance = status_of("f").instance;

  stop("node-1", instance);
  run(50);
  advance_clock(limits::stop_grace);
  run_until_idle();

  CHECK(!node_state_of("node-1").instances.contains(instance));
}

TEST_CASE_FIXTURE(stop_fixture,
                  "stop: a guest that exceeds timeout_ms is restarted") {
  start({function("f", "actor", {}, {{"timeout_ms", "1"}})});

  cast_to("f", "spin");

  CHECK(status_of("f").restarts == 1);
  CHECK(status_of("f").reason == "an event took more than 1 ms");
  CHECK(dropped(drop_reason::crashed) == 1);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(stop_fixture,
                  "stop: a spinning guest does not delay other instances") {
  start({function("f", "actor"), function("g", "sink")});
  auto instance = status_of("f").instance;
  enqueue_cast("g", "a");
  enqueue_cast("f", "spin");

  run(50);

  CHECK(std::count(journal.begin(), journal.end(), "sink@node-1 <- a") == 1);
  stop("node-1", instance);
  run(50);
  advance_clock(limits::stop_grace);
  run_until_idle();
}

TEST_CASE_FIXTURE(stop_fixture,
                  "stop: a node that shuts down runs all stop hooks") {
  start({function("f", "actor"), function("g", "actor")});
  journal.clear();

  shut_down("node-1");

  CHECK(journal == lines{"stop", "stop"});
}

TEST_CASE_FIXTURE(stop_fixture, "stop: delayed casts end with their instance") {
  scripts["later"] = [](guest_host& host, const guest_event& x) -> step {
    if (x.kind == hook::cast)
      CHECK(!host.delayed_cast(3s, "out", "late"));
    return {};
  };
  auto id
    = start({function("f", "later", {{"out", "g"}}), function("g", "sink")});
  cast_to("f", "go");

  stop(id);
  run_for(10s);

  CHECK(sent() == 1);
  CHECK(balanced());
}
