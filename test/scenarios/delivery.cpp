// SPDX-License-Identifier: MIT
#include "test/fixtures/migration_fixture.hpp"
#include "test/fixtures/temporary_folder.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <set>

using namespace edgeless;
using namespace edgeless::test;

namespace {

constexpr int moments = 30;

const std::map<std::string, std::string> at_least_once{
  {"delivery.out", "at-least-once"}};

/// pump@node-1 -> count@node-2 over an at-least-once channel.
struct delivery_fixture : migration_fixture {
  explicit delivery_fixture(std::uint64_t seed = 0) : migration_fixture{seed} {
    scripts["count"] = [this](guest_host&, const guest_event& x) -> step {
      if (x.kind != hook::cast)
        return {};
      auto n = std::stoi(x.payload);
      if (std::ranges::count(poison, n) > 0) {
        ++traps;
        return trap{"does not like " + x.payload};
      }
      seen.push_back(n);
      return {};
    };
  }

  void start_pair(const std::map<std::string, std::string>& policy
                  = at_least_once) {
    auto paused = std::exchange(pumping, false);
    start({function("from", "pump", {{"out", "to"}}, policy),
           function("to", "count")});
    place_all({{"from", "node-1"}, {"to", "node-2"}});
    pumping = paused;
    run_for(pumping ? 110ms : 0ms);
  }

  /// Stops the pump and lets all events arrive, with retransmissions.
  void rest() {
    pumping = false;
    run_for(40s);
  }

  /// Every number was handled at least once, except poison.
  bool is_complete() const {
    std::set<int> all{seen.begin(), seen.end()};
    for (int i = 0; i < made; ++i)
      if (!all.contains(i) && std::ranges::count(poison, i) == 0)
        return false;
    return true;
  }

  /// The first occurrences of the numbers are in order.
  bool is_ordered() const {
    int next = -1;
    for (auto n : seen)
      if (n > next + 1 + static_cast<int>(poison.size()))
        return false;
      else
        next = std::max(next, n);
    return true;
  }

  std::vector<int> poison;
  int traps = 0;
};

/// Applies `action` to a busy pair after 20, 23, 26, ... deliveries.
void at_each_moment(const std::function<void(delivery_fixture&)>& action,
                    const std::function<void(delivery_fixture&)>& check) {
  for (int moment = 0; moment < moments; ++moment) {
    INFO("moment ", moment);
    delivery_fixture x{static_cast<std::uint64_t>(moment % 3)};
    x.start_pair();
    x.drive(20 + 3 * moment);
    action(x);
    x.drive(100);
    x.rest();

    CHECK(x.made > 10);
    CHECK(x.is_complete());
    CHECK(x.is_ordered());
    check(x);
  }
}

void check_balance(delivery_fixture& x) {
  CHECK(x.balanced());
}

void check_accounted(delivery_fixture& x) {
  CHECK(x.accounted());
}

} // namespace

TEST_CASE_FIXTURE(
  delivery_fixture,
  "at-least-once: without faults each event is handled exactly once") {
  start_pair();
  drive(400);
  rest();

  CHECK(made > 30);
  CHECK(is_intact());
  CHECK(balanced());
  CHECK(dropped() == dropped(drop_reason::self_channel));
}

TEST_CASE("at-least-once: a receiver crash at any moment loses nothing") {
  at_each_moment([](delivery_fixture& x) { x.poison = {x.made}; },
                 [](delivery_fixture& x) {
                   CHECK(x.traps == 3);
                   CHECK(x.dropped(drop_reason::poison) == 1);
                   CHECK(x.balanced());
                 });
}

TEST_CASE("at-least-once: the death of the receiver's node loses nothing") {
  at_each_moment([](delivery_fixture& x) { x.kill("node-2"); },
                 check_accounted);
}

TEST_CASE("at-least-once: stopping the receiver at any moment loses nothing") {
  at_each_moment(
    [](delivery_fixture& x) { x.stop("node-2", x.status_of("to").instance); },
    check_balance);
}

TEST_CASE("at-least-once: a receiver migration loses and repeats nothing") {
  at_each_moment([](delivery_fixture& x) { x.begin_migration("to", "node-4"); },
                 [](delivery_fixture& x) {
                   CHECK(x.is_intact());
                   CHECK(x.balanced());
                   CHECK(x.placed_on("to") == "node-4");
                 });
}

TEST_CASE("at-least-once: a sender migration at any moment loses nothing") {
  at_each_moment(
    [](delivery_fixture& x) { x.begin_migration("from", "node-4"); },
    [](delivery_fixture& x) {
      CHECK(x.is_intact());
      CHECK(x.balanced());
      CHECK(x.placed_on("from") == "node-4");
    });
}

TEST_CASE("at-least-once: sender and receiver may migrate at the same time") {
  at_each_moment(
    [](delivery_fixture& x) {
      x.begin_migration("from", "node-4");
      x.begin_migration("to", "node-3");
    },
    [](delivery_fixture& x) {
      CHECK(x.is_intact());
      CHECK(x.balanced());
    });
}

TEST_CASE(
  "at-least-once: a migrating sender retransmits what its target lost") {
  at_each_moment(
    [](delivery_fixture& x) {
      x.kill("node-2");
      x.begin_migration("from", "node-4");
    },
    check_accounted);
}

TEST_CASE(
  "at-least-once: a receiver crash during a sender migration loses nothing") {
  at_each_moment(
    [](delivery_fixture& x) {
      x.begin_migration("from", "node-4");
      x.poison = {x.made};
    },
    check_balance);
}

TEST_CASE("at-least-once: a long partition loses nothing") {
  at_each_moment(
    [](delivery_fixture& x) {
      x.cut("node-1", "node-2");
      x.drive(100);
      // The retransmit buffer must not overflow during the partition.
      x.pumping = false;
      x.run_for(limits::peer_reach_timeout + 3s);
      x.reconnect("node-1", "node-2");
    },
    check_accounted);
}

TEST_CASE_FIXTURE(
  delivery_fixture,
  "at-most-once: the death of a node loses its waiting events") {
  start_pair({});
  drive(50);
  kill("node-2");
  drive(100);
  rest();

  CHECK(!is_complete());
}

TEST_CASE_FIXTURE(
  delivery_fixture,
  "at-least-once: an event that traps its receiver three times is dropped") {
  poison = {5};
  start_pair();
  drive(100);
  rest();

  CHECK(traps == 3);
  CHECK(is_complete());
  CHECK(dropped(drop_reason::poison) == 1);
  CHECK(dropped(drop_reason::crashed) >= 3);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(
  delivery_fixture,
  "at-least-once: a receiver without progress suspends its sender") {
  scripts["count"] = [](guest_host&, const guest_event& x) -> step {
    if (x.kind == hook::cast)
      return spin{};
    return {};
  };
  scripts["gush"] = [this](guest_host& host, const guest_event& x) -> step {
    for (int i = 0; i < 3000 && x.payload == "go"; ++i)
      made += host.cast("out", "0");
    return {};
  };
  start({function("from", "gush", {{"out", "to"}}, at_least_once),
         function("to", "count")});
  enqueue_cast("from", "go");
  run(200);

  CHECK(made == static_cast<int>(limits::retransmit_events));
}

TEST_CASE_FIXTURE(
  delivery_fixture,
  "at-least-once: a resource acknowledges and writes each line once") {
  auto path = (files / "log").string();
  add_node("node-5", providing("file-log"));
  add_node("node-6", providing("file-log"));
  start({function("from", "pump", {{"out", "log"}}, at_least_once),
         resource("log", "file-log", {{"filename", path}})});
  auto old = placed_on("log");
  begin_migration("log", old == "node-5" ? "node-6" : "node-5");
  drive(300);
  rest();

  std::ifstream in{path};
  int n = 0;
  for (std::string line; std::getline(in, line); ++n)
    CHECK(line == std::to_string(n));
  CHECK(n == made);
  CHECK(is_lossless());
}
