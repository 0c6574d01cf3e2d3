// SPDX-License-Identifier: MIT
#include "actors/connectors/cron.hpp"

#include "test/fixtures/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// cron on one of two nodes, and a function on a third that sees its slots.
struct cron_cluster : world {
  cron_cluster() {
    classes["cron"] = std::make_shared<const resource_class>(cron(
      [](caf::actor_clock::time_point now) {
        // A full hour, when the time of the actors begins.
        return wall_time{std::chrono::hours{500'000}}
               + std::chrono::floor<std::chrono::milliseconds>(
                 now.time_since_epoch());
      },
      counters));
    add_node("sinks", labelled({"sinks"}));
    for (auto name : {"one", "two"})
      add_node(name, providing("cron"));
  }

  void start_cron(const std::string& missed) {
    auto source
      = test::resource("timer", "cron", {{"every", "1s"}, {"missed", missed}});
    source.output_mapping["out"] = "sink";
    start(
      {source, function("sink", "sink", {}, {{"label_match_all", "sinks"}})});
  }

  std::string other_node() {
    return placed_on("timer") == "one" ? "two" : "one";
  }

  /// The slots that the function has seen; each is there once, in order, and
  /// they follow each other without a gap.
  void check_complete(std::size_t at_least) {
    CHECK(journal.size() >= at_least);
    CHECK(std::set<std::string>(journal.begin(), journal.end()).size()
          == journal.size());
    CHECK(std::ranges::is_sorted(journal));
    CHECK(seconds_of(journal.back()) - seconds_of(journal.front())
          == static_cast<int>(journal.size()) - 1);
  }

  /// Of the hour: the slots of a test are within one.
  static int seconds_of(const std::string& line) {
    auto at = line.find('T');
    return std::stoi(line.substr(at + 4, 2)) * 60
           + std::stoi(line.substr(at + 7, 2));
  }

  resource_counters_ptr counters = std::make_shared<resource_counters>();
};

} // namespace

TEST_CASE_FIXTURE(cron_cluster,
                  "cron: over 100 migrations each slot fires once, in order") {
  start_cron("skip");
  for (auto i = 0; i < 100; ++i) {
    run_for(870ms);
    begin_migration("timer", other_node());
    run(i % 40);
  }
  run_for(2s);

  check_complete(85);
  CHECK(counters->slots_skipped == 0);
  CHECK(dropped() == 0);
}

TEST_CASE_FIXTURE(cron_cluster,
                  "cron: a migration that takes several slots loses none") {
  start_cron("skip");
  run_for(3s);
  // The target cannot be reached at first.
  delay("domain-1", other_node(), 1700ms);
  begin_migration("timer", other_node());
  run_for(20s);

  check_complete(22);
}

TEST_CASE_FIXTURE(cron_cluster,
                  "cron: whenever its node dies, `all` fires each slot once, "
                  "wherever the replacement starts") {
  start_cron("all");
  for (auto i = 0; i < 20; ++i) {
    // At any time but for the moment of a slot: its state is on its way then.
    // Losses sooner after a start would delay the next one.
    run_for(11s + std::chrono::milliseconds{(i * 47) % 900});
    auto victim = placed_on("timer");
    kill(victim);
    add_node(victim, providing("cron"));
    run_for(1s - std::chrono::milliseconds{(i * 47) % 900} + 500ms);
  }

  check_complete(240);
}

TEST_CASE_FIXTURE(cron_cluster,
                  "cron: after an outage, `all` catches up, `once` fires one, "
                  "`skip` none") {
  auto missed = std::string{};
  std::size_t expected = 0;
  SUBCASE("all") {
    missed = "all";
    expected = 30;
  }
  SUBCASE("once") {
    missed = "once";
    expected = 1;
  }
  SUBCASE("skip") {
    missed = "skip";
    expected = 0;
  }
  start_cron(missed);
  run_for(5s + 500ms);
  auto before = journal.size();
  CHECK(before == 5);

  kill(lines{"one", "two"});
  run_for(30s);
  add_node("three", providing("cron"));
  run_for(400ms);

  CHECK(journal.size() - before == expected);
  run_for(5s);
  CHECK(journal.size() - before == expected + 5);
  CHECK(std::set<std::string>(journal.begin(), journal.end()).size()
        == journal.size());
}

TEST_CASE_FIXTURE(cron_cluster,
                  "cron: a node that is cut off fires no slot twice: its "
                  "events are refused when it is back") {
  start_cron("all");
  run_for(5s + 500ms);
  auto home = placed_on("timer");
  cut(home);
  run_for(20s);
  CHECK(placed_on("timer") != home);
  reconnect(home);
  run_for(10s);

  check_complete(34);
}

TEST_CASE_FIXTURE(cron_cluster,
                  "cron: an orchestrator that is restarted changes nothing") {
  start_cron("all");
  run_for(5s + 500ms);
  restart_domain();
  run_for(10s);
  check_complete(14);
}
