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

const std::map<std::string, std::string> sure{
  {"delivery.out", "at-least-once"}};

/// pump@node-1 -> count@node-2, at least once.
struct couriers : movers {
  explicit couriers(std::uint64_t seed = 0) : movers{seed} {
    scripts["count"] = [this](guest_host&, const guest_event& x) -> step {
      if (x.kind != hook::cast)
        return {};
      auto n = std::stoi(x.payload);
      if (std::ranges::count(bad, n) > 0) {
        ++traps;
        return trap{"does not like " + x.payload};
      }
      seen.push_back(n);
      return {};
    };
  }

  void start_pair(const std::map<std::string, std::string>& policy = sure) {
    auto paused = std::exchange(pumping, false);
    start({function("from", "pump", {{"out", "to"}}, policy),
           function("to", "count")});
    arrange({{"from", "node-1"}, {"to", "node-2"}});
    pumping = paused;
    run_for(pumping ? 110ms : 0ms);
  }

  /// What is under way arrives, whatever must be sent again.
  void rest() {
    pumping = false;
    run_for(40s);
  }

  /// Each number was handled, some perhaps twice.
  bool whole() const {
    std::set<int> all{seen.begin(), seen.end()};
    for (int i = 0; i < made; ++i)
      if (!all.contains(i) && std::ranges::count(bad, i) == 0)
        return false;
    return true;
  }

  /// Nothing comes before what was sent before it, first occurrences count.
  bool ordered() const {
    int next = -1;
    for (auto n : seen)
      if (n > next + 1 + static_cast<int>(bad.size()))
        return false;
      else
        next = std::max(next, n);
    return true;
  }

  std::vector<int> bad;
  int traps = 0;
};

/// Does something to a pair that is busy, at each of many moments.
void at_each_moment(const std::function<void(couriers&)>& action,
                    const std::function<void(couriers&)>& check) {
  for (int moment = 0; moment < moments; ++moment) {
    INFO("moment ", moment);
    couriers x{static_cast<std::uint64_t>(moment % 3)};
    x.start_pair();
    x.drive(20 + 3 * moment);
    action(x);
    x.drive(100);
    x.rest();

    CHECK(x.made > 10);
    CHECK(x.whole());
    CHECK(x.ordered());
    check(x);
  }
}

void check_balance(couriers& x) {
  CHECK(x.balanced());
}

void check_doubt(couriers& x) {
  CHECK(x.accounted());
}

} // namespace

TEST_CASE_FIXTURE(couriers, "at least once is once while nothing happens") {
  start_pair();
  drive(400);
  rest();

  CHECK(made > 30);
  CHECK(intact());
  CHECK(balanced());
  CHECK(dropped() == dropped(drop_reason::self_channel));
}

TEST_CASE("a receiver that crashes at any moment loses nothing") {
  at_each_moment([](couriers& x) { x.bad = {x.made}; },
                 [](couriers& x) {
                   CHECK(x.traps == 3);
                   CHECK(x.dropped(drop_reason::poison) == 1);
                   CHECK(x.balanced());
                 });
}

TEST_CASE("a receiver whose node dies at any moment loses nothing") {
  at_each_moment([](couriers& x) { x.kill("node-2"); }, check_doubt);
}

TEST_CASE("a receiver that is stopped at any moment loses nothing") {
  at_each_moment([](couriers& x) { x.stop("node-2", x.status_of("to").instance); },
                 check_balance);
}

TEST_CASE("a receiver that migrates at any moment loses and repeats nothing") {
  at_each_moment([](couriers& x) { x.begin_migration("to", "node-4"); },
                 [](couriers& x) {
                   CHECK(x.intact());
                   CHECK(x.balanced());
                   CHECK(x.placed_on("to") == "node-4");
                 });
}

TEST_CASE("a sender that migrates at any moment loses nothing") {
  at_each_moment([](couriers& x) { x.begin_migration("from", "node-4"); },
                 [](couriers& x) {
                   CHECK(x.intact());
                   CHECK(x.balanced());
                   CHECK(x.placed_on("from") == "node-4");
                 });
}

TEST_CASE("both may migrate at the same time") {
  at_each_moment(
    [](couriers& x) {
      x.begin_migration("from", "node-4");
      x.begin_migration("to", "node-3");
    },
    [](couriers& x) {
      CHECK(x.intact());
      CHECK(x.balanced());
    });
}

TEST_CASE("a sender that migrates takes along what its target lost") {
  at_each_moment(
    [](couriers& x) {
      x.kill("node-2");
      x.begin_migration("from", "node-4");
    },
    check_doubt);
}

TEST_CASE("a receiver that crashes while its sender migrates loses nothing") {
  at_each_moment(
    [](couriers& x) {
      x.begin_migration("from", "node-4");
      x.bad = {x.made};
    },
    check_balance);
}

TEST_CASE("a connection that is cut for long loses nothing") {
  at_each_moment(
    [](couriers& x) {
      x.cut("node-1", "node-2");
      x.drive(100);
      // No more than may be kept.
      x.pumping = false;
      x.run_for(limits::peer_reach_timeout + 3s);
      x.reconnect("node-1", "node-2");
    },
    check_doubt);
}

TEST_CASE_FIXTURE(couriers, "at most once, a crash loses what was waiting") {
  start_pair({});
  drive(50);
  kill("node-2");
  drive(100);
  rest();

  CHECK(!whole());
}

TEST_CASE_FIXTURE(couriers,
                  "what crashes its receiver three times is dropped") {
  bad = {5};
  start_pair();
  drive(100);
  rest();

  CHECK(traps == 3);
  CHECK(whole());
  CHECK(dropped(drop_reason::poison) == 1);
  CHECK(dropped(drop_reason::crashed) >= 3);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(couriers, "a stopped receiver stops its sender, not more") {
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
  start(
    {function("from", "gush", {{"out", "to"}}, sure), function("to", "count")});
  enqueue_cast("from", "go");
  run(200);

  CHECK(made == static_cast<int>(limits::retransmit_events));
}

TEST_CASE_FIXTURE(couriers, "a resource confirms, and writes each line once") {
  folder files;
  auto path = (files / "log").string();
  add_node("node-5", providing("file-log"));
  add_node("node-6", providing("file-log"));
  start({function("from", "pump", {{"out", "log"}}, sure),
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
  CHECK(lossless());
}
