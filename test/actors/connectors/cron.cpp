// SPDX-License-Identifier: MIT
#include "actors/connectors/cron.hpp"

#include "messages/connector_limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

using texts = std::vector<std::string>;

/// A cron resource without its instance, on virtual time.
struct cron_fixture {
  using time_point = caf::actor_clock::time_point;

  caf::error open(std::map<std::string, std::string> settings) {
    component_spec spec;
    spec.settings = std::move(settings);
    subject = cron(
                [this](time_point x) {
                  return std::chrono::floor<std::chrono::milliseconds>(
                    epoch + (x - time_point{}) + correction);
                },
                counters)
                .make(spec);
    out = std::make_shared<outlet>([] {});
    subject->set_outlet(out);
    return subject->open();
  }

  void start(std::map<std::string, std::string> settings,
             const std::string& from = "", bool is_successor = false) {
    REQUIRE(!open(std::move(settings)));
    subject->begin(from, is_successor, now);
    collect();
  }

  void run_for(caf::timespan duration) {
    auto end = now + duration;
    while (subject->due() && *subject->due() <= end) {
      now = std::max(now, *subject->due());
      subject->on_time(now);
      collect();
    }
    now = end;
  }

  void collect() {
    for (auto& x : out->take())
      if (auto* cast = std::get_if<outlet::cast_request>(&x)) {
        CHECK(cast->channel == "out");
        slots.push_back(cast->payload);
      } else {
        state = std::get<outlet::saved_state>(x).state;
      }
  }

  /// 2026-11-30 12:00:00, when the time of the actors begins.
  std::chrono::sys_time<caf::timespan> epoch{
    std::chrono::sys_days{std::chrono::year{2026} / 11 / 30} + 12h};
  caf::timespan correction{0}; ///< of the clock of the machine
  time_point now{};
  resource_counters_ptr counters = std::make_shared<resource_counters>();
  resource_ptr subject;
  outlet_ptr out;
  std::string state;
  texts slots;
};

} // namespace

TEST_CASE_FIXTURE(cron_fixture, "cron: fires at each slot, with its time") {
  start({{"schedule", "*/20 * * * * *"}});
  CHECK(slots.empty());

  run_for(61s);

  CHECK(slots
        == texts{"2026-11-30T12:00:20Z", "2026-11-30T12:00:40Z",
                 "2026-11-30T12:01:00Z"});
  CHECK(counters->slots_fired == 3);
}

TEST_CASE_FIXTURE(cron_fixture, "cron: a period, and a payload of one's own") {
  start({{"every", "250ms"}, {"payload", ""}});
  run_for(1s);
  CHECK(slots == texts{"", "", "", ""});
}

TEST_CASE_FIXTURE(cron_fixture, "cron: the schedule is in its time zone") {
  start({{"schedule", "0 0 14 * * *"}, {"timezone", "Europe/Madrid"}});
  run_for(2h);
  CHECK(slots == texts{"2026-11-30T13:00:00Z"});
}

TEST_CASE_FIXTURE(cron_fixture, "cron: what is misconfigured is refused") {
  for (auto& settings : std::vector<std::map<std::string, std::string>>{
         {},
         {{"schedule", "0 0 * * *"}, {"every", "1s"}},
         {{"schedule", "never"}},
         {{"every", "1"}},
         {{"every", "1s"}, {"timezone", "Europe/Madrid"}},
         {{"schedule", "0 0 * * *"}, {"timezone", "Mars"}},
         {{"every", "1s"}, {"missed", "some"}}}) {
    auto problem = open(settings);
    REQUIRE(problem);
    CHECK(explain(problem).starts_with("cron: "));
  }
}

TEST_CASE_FIXTURE(cron_fixture,
                  "cron: a slot is not repeated, and none is lost, from one "
                  "instance to its successor") {
  start({{"every", "1s"}});
  run_for(10s);
  auto saved = state;
  now += 1500ms; // until the successor runs
  start({{"every", "1s"}}, saved, true);
  CHECK(slots.size() == 11);
  run_for(10s);

  REQUIRE(slots.size() == 21);
  for (std::size_t i = 1; i < slots.size(); ++i)
    CHECK(slots[i - 1] < slots[i]);
  CHECK(slots.back() == "2026-11-30T12:00:21Z");
  CHECK(counters->slots_skipped == 0);
}

TEST_CASE_FIXTURE(cron_fixture,
                  "cron: a successor of one that has not fired yet fires what "
                  "came between") {
  start({{"every", "1s"}});
  auto saved = state;
  now += 1500ms;
  start({{"every", "1s"}}, saved, true);
  CHECK(slots == texts{"2026-11-30T12:00:01Z"});
}

TEST_CASE_FIXTURE(cron_fixture, "cron: missed slots are skipped by default") {
  start({{"every", "1s"}});
  auto saved = state;
  now += 100s + 500ms;
  start({{"every", "1s"}}, saved);
  run_for(1s);
  CHECK(slots == texts{"2026-11-30T12:01:41Z"});
  CHECK(counters->slots_skipped == 100);
}

TEST_CASE_FIXTURE(cron_fixture, "cron: missed slots fire once, the newest") {
  start({{"every", "1s"}, {"missed", "once"}});
  auto saved = state;
  now += 100s + 500ms;
  start({{"every", "1s"}, {"missed", "once"}}, saved);
  run_for(1s);
  CHECK(slots == texts{"2026-11-30T12:01:40Z", "2026-11-30T12:01:41Z"});
  CHECK(counters->slots_caught_up == 1);
  CHECK(counters->slots_skipped == 99);
}

TEST_CASE_FIXTURE(cron_fixture,
                  "cron: all missed slots fire, the newest thousand") {
  start({{"every", "1s"}, {"missed", "all"}});
  auto saved = state;
  now += 100s + 500ms;
  start({{"every", "1s"}, {"missed", "all"}}, saved);
  CHECK(slots.size() == 100);
  CHECK(slots.front() == "2026-11-30T12:00:01Z");
  saved = state;
  slots.clear();
  now += 24h;
  start({{"every", "1s"}, {"missed", "all"}}, saved);
  CHECK(slots.size() == limits::cron_caught_up);
  CHECK(slots.back() == "2026-12-01T12:01:40Z");
  // They fit into the outlet.
  CHECK(counters->casts_refused == 0);
}

TEST_CASE_FIXTURE(cron_fixture,
                  "cron: what an instance could not do for a minute is missed, "
                  "a shorter delay is not") {
  start({{"every", "10s"}});
  now += 55s;
  run_for(0s);
  CHECK(slots.size() == 5);
  now += 100s;
  run_for(0s);
  CHECK(slots.size() == 11);
  CHECK(counters->slots_skipped == 4);
}

TEST_CASE_FIXTURE(cron_fixture,
                  "cron: a clock that is put back repeats no slot, one that is "
                  "put forward is noticed within a minute") {
  start({{"schedule", "0 * * * * *"}, {"missed", "all"}});
  run_for(5min);
  CHECK(slots.size() == 5);
  correction = -3min;
  run_for(3min);
  CHECK(slots.size() == 5);
  run_for(1min);
  CHECK(slots.size() == 6);
  CHECK(slots.back() == "2026-11-30T12:06:00Z");
  correction = 60min;
  run_for(1min);
  CHECK(slots.back() == "2026-11-30T13:10:00Z");
}

TEST_CASE_FIXTURE(cron_fixture,
                  "cron: a state that is none, or of a clock that was wrong, "
                  "is ignored") {
  for (auto text : {"x", "-5", "99999999999999999999999", "9999999999999999"}) {
    slots.clear();
    start({{"every", "1s"}, {"missed", "all"}}, text);
    run_for(1s);
    CHECK_MESSAGE(slots.size() == 1, text);
  }
}

TEST_CASE_FIXTURE(cron_fixture, "cron: casts without room are counted") {
  start({{"every", "100ms"}});
  out->close();
  run_for(1s);
  CHECK(counters->casts_refused == 10);
}

TEST_CASE_FIXTURE(cron_fixture, "cron: events are refused") {
  start({{"every", "1s"}});
  CHECK(subject->handle({event{}}, now).failed == 1);
}
