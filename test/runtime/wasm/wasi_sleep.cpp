// SPDX-License-Identifier: MIT
#include "test/fixtures/wasm_fixture.hpp"

#include <algorithm>
#include <thread>

using namespace edgeless;
using namespace std::chrono_literals;
using edgeless::test::guest_instance;
using edgeless::test::lines;
using edgeless::test::process_isolation;
using edgeless::test::read_module;
using edgeless::test::shared_isolation;

namespace {

/// Runs it until it is idle or dead; every sleep ends at once.
template <class Instance>
progress run_without_sleep(Instance& x) {
  progress result;
  while ((result = x.run()) == progress::waiting)
    x.guest->answer({});
  return result;
}

/// Runs it until it is idle or dead, and sleeps as long as it asks for.
template <class Instance>
progress run_with_sleep(Instance& x) {
  progress result;
  while ((result = x.run()) == progress::waiting) {
    auto& line = x.host.journal.back();
    REQUIRE(line.starts_with("sleep "));
    std::this_thread::sleep_for(
      std::chrono::nanoseconds{std::stoll(line.substr(6))});
    x.host.journal.pop_back();
    x.guest->answer({});
  }
  return result;
}

} // namespace

TEST_CASE_TEMPLATE("wasi: poll_oneoff suspends until the first of its timers",
                   isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x{"timers"};
  REQUIRE(x.handle(hook::init) == progress::idle);
  CHECK(x.host.journal.empty());

  CHECK(x.handle(hook::cast) == progress::waiting);
  CHECK(x.host.journal == lines{"sleep 2000000"});
  CHECK(x.run() == progress::waiting);
  x.guest->answer({event_kind::error, {}});
  CHECK(x.run() == progress::idle);

  // A stream is ready: it does not sleep.
  CHECK(x.handle(hook::call) == progress::idle);
  CHECK(x.host.journal.size() == 1);

  CHECK(x.handle(hook::stop) == progress::dead);
  CHECK(x.guest->fault().find("out of bounds") != std::string::npos);
}

TEST_CASE_TEMPLATE("guest: a start function runs before init, and may wait",
                   isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x{"start"};
  CHECK(x.host.journal.empty());
  x.send(hook::init);
  CHECK(x.run() == progress::waiting);
  CHECK(x.host.journal == lines{"out: started", "sleep 3000000"});
  x.guest->answer({});
  CHECK(x.run() == progress::idle);
  CHECK(x.host.journal
        == lines{"out: started", "sleep 3000000", "out: rested", "out: init"});
}

TEST_CASE("guest: a start function that does not end is preempted") {
  guest_instance<shared_isolation> x{"start_loop"};
  x.send(hook::init);
  CHECK(x.guest->run() == progress::preempted);
  CHECK(x.guest->run() == progress::preempted);
  CHECK(x.host.handed_out == 0);
}

TEST_CASE("process guest: a start function has the deadline of an event") {
  guest_instance<process_isolation> x{"start_loop", {.deadline = 200ms}};
  x.send(hook::init);
  CHECK(x.run() == progress::dead);
  CHECK(x.guest->fault() == "an event took more than 200 ms");
}

TEST_CASE_TEMPLATE("guest: a function in Go has goroutines and timers",
                   isolation_kind, shared_isolation, process_isolation) {
  if (read_module("go").empty()) {
    MESSAGE("skipped: no Go 1.24 or later when the tests were built");
    return;
  }
  guest_instance<isolation_kind> x{"go"};
  x.send(hook::init, "a", "b");
  REQUIRE(run_with_sleep(x) == progress::idle);
  CHECK(x.host.journal == lines{"out: init true a"});
  x.host.journal.clear();

  x.send(hook::cast, "count");
  x.send(hook::cast, "sleep");
  x.send(hook::call, "answer");
  REQUIRE(run_with_sleep(x) == progress::idle);
  CHECK(x.host.journal == lines{"out: 4950", "out: early late true"});
  REQUIRE(x.host.results.size() == 1);
  CHECK(x.host.results[0].payload == "ANSWER");

  // What woke it too early: it sleeps again.
  x.send(hook::cast, "sleep");
  CHECK(run_without_sleep(x) == progress::idle);
  CHECK(x.host.journal.back() == "out: early late true");

  x.send(hook::cast, "panic");
  CHECK(run_with_sleep(x) == progress::dead);
  CHECK(x.guest->fault().find("unreachable") != std::string::npos);
  auto& said = x.host.journal;
  CHECK(std::ranges::find(said, "log 1 wasi: panic: on purpose") != said.end());
}
