// SPDX-License-Identifier: MIT
#include "runtime/schedule/schedule.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono;
using namespace std::chrono_literals;

namespace {

wall_time utc(int y, unsigned m, unsigned d, milliseconds time = 0ms) {
  return sys_days{year{y} / month{m} / day{d}} + time;
}

schedule madrid(const char* text) {
  auto result = schedule::of_cron(text, "Europe/Madrid");
  REQUIRE_MESSAGE(result, text);
  return *result;
}

/// All slots after one time and up to another.
std::vector<std::string> slots(const schedule& x, wall_time after,
                               wall_time until) {
  std::vector<std::string> result;
  for (auto next = x.next(after); next && *next <= until; next = x.next(*next))
    result.push_back(to_string(*next));
  return result;
}

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("schedule: slots are in the time zone") {
  auto x = madrid("0 0 8 * * *");
  CHECK(x.next(utc(2026, 1, 10)) == utc(2026, 1, 10, 7h));
  CHECK(x.next(utc(2026, 7, 10)) == utc(2026, 7, 10, 6h));
  CHECK(x.next(utc(2026, 7, 10, 6h)) == utc(2026, 7, 11, 6h));
  CHECK(x.next(utc(2026, 7, 10, 6h) - 1ms) == utc(2026, 7, 10, 6h));
  auto plain = *schedule::of_cron("0 0 8 * * *", "");
  CHECK(plain.next(utc(2026, 7, 10)) == utc(2026, 7, 10, 8h));
}

TEST_CASE("schedule: a slot in the hour that is skipped is at its end, once") {
  // In Madrid, 2026-03-29 02:00 is 03:00: at 01:00 UTC.
  CHECK(slots(madrid("0 30 2 * * *"), utc(2026, 3, 28), utc(2026, 3, 31))
        == texts{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z",
                 "2026-03-30T00:30:00Z"});
  CHECK(slots(madrid("0 */20 2 * * *"), utc(2026, 3, 29), utc(2026, 3, 29, 12h))
        == texts{"2026-03-29T01:00:00Z"});
  // One that is at the end itself does not fire twice.
  CHECK(slots(madrid("0 30 2,3 * * *"), utc(2026, 3, 29), utc(2026, 3, 29, 12h))
        == texts{"2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"});
  CHECK(slots(madrid("0 0 2,3 * * *"), utc(2026, 3, 29), utc(2026, 3, 29, 12h))
        == texts{"2026-03-29T01:00:00Z"});
}

TEST_CASE("schedule: of an hour that is repeated, the first one has the slot") {
  // In Madrid, 2026-10-25 03:00 is 02:00: at 01:00 UTC.
  CHECK(slots(madrid("0 30 2 * * *"), utc(2026, 10, 24), utc(2026, 10, 27))
        == texts{"2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z",
                 "2026-10-26T01:30:00Z"});
  // Also if it is looked for within the second one.
  CHECK(madrid("0 30 2 * * *").next(utc(2026, 10, 25, 1h + 10min))
        == utc(2026, 10, 26, 1h + 30min));
}

TEST_CASE("schedule: what fires in every hour follows the elapsed time") {
  CHECK(slots(madrid("0 */30 * * * *"), utc(2026, 3, 29, 30min),
              utc(2026, 3, 29, 2h))
        == texts{"2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z",
                 "2026-03-29T02:00:00Z"});
  CHECK(slots(madrid("0 */30 * * * *"), utc(2026, 10, 25, 0h),
              utc(2026, 10, 25, 2h))
        == texts{"2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z",
                 "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"});
}

TEST_CASE("schedule: clocks that change by half an hour, or at midnight") {
  // Lord Howe: 2026-10-04 02:00 is 02:30; Santiago: 2026-09-06 00:00 is 01:00.
  auto howe = *schedule::of_cron("0 15 2 * * *", "Australia/Lord_Howe");
  CHECK(howe.next(utc(2026, 10, 3, 12h)) == utc(2026, 10, 3, 15h + 30min));
  auto santiago = *schedule::of_cron("0 0 0 * * *", "America/Santiago");
  CHECK(slots(santiago, utc(2026, 9, 5), utc(2026, 9, 7, 12h))
        == texts{"2026-09-05T04:00:00Z", "2026-09-06T04:00:00Z",
                 "2026-09-07T03:00:00Z"});
}

TEST_CASE("schedule: over ten years of a zone, a daily slot is there once a "
          "day, in order") {
  for (auto text : {"0 30 2 * * *", "0 0 3 * * *", "0 0 0 * * *"})
    for (auto zone : {"Europe/Madrid", "America/New_York", "Africa/Casablanca",
                      "Australia/Lord_Howe", "Asia/Tehran"}) {
      auto x = *schedule::of_cron(text, zone);
      auto last = *x.next(utc(2020, 1, 1, 12h));
      for (auto i = 0; i < 3652; ++i) {
        auto next = x.next(last);
        REQUIRE(next);
        CHECK(*next - last >= 12h);
        last = *next;
      }
      CHECK(abs(last - utc(2030, 1, 1, 12h)) < 48h);
    }
}

TEST_CASE("schedule: a period has its slots at multiples since 1970") {
  auto x = *schedule::of_period("250ms");
  CHECK(x.next(utc(2026, 1, 1, 1ms)) == utc(2026, 1, 1, 250ms));
  CHECK(x.next(utc(2026, 1, 1, 250ms)) == utc(2026, 1, 1, 500ms));
  CHECK(schedule::of_period("2h")->next(utc(2026, 1, 1, 1h))
        == utc(2026, 1, 1, 2h));
  CHECK(schedule::of_period("1d")->next(utc(2026, 1, 1, 1h))
        == utc(2026, 1, 2));
}

TEST_CASE("schedule: the newest slots, of millions") {
  auto x = *schedule::of_cron("* * * * * *", "");
  auto now = utc(2026, 1, 1, 500ms);
  CHECK(x.newest(now, now, 5).empty());
  CHECK(x.newest(now - 1s, now, 5) == std::vector<wall_time>{utc(2026, 1, 1)});
  auto many = x.newest(now - 24h * 300, now, 1000);
  REQUIRE(many.size() == 1000);
  CHECK(many.back() == utc(2026, 1, 1));
  CHECK(many.front() == utc(2026, 1, 1) - 999s);
  CHECK(schedule::of_cron("0 0 0 1 1 *", "")
          ->newest(utc(2020, 6, 1), now, 1000)
          .size()
        == 6);
}

TEST_CASE("schedule: one that is never due has no next slot") {
  CHECK(
    !schedule::of_cron("0 0 0 30 2 *", "Europe/Madrid")->next(utc(2026, 1, 1)));
}

TEST_CASE("schedule: unknown zones and periods are refused with an example") {
  auto zone = schedule::of_cron("* * * * * *", "Europe/Atlantis");
  REQUIRE(!zone);
  CHECK(explain(zone.error()).find("Europe/Madrid") != std::string::npos);
  CHECK(!schedule::of_cron("* * * * * *", "../../../etc/passwd"));
  for (auto text : {"", "s", "10", "10 s", "99ms", "0s", "367d", "-5s", "1.5s",
                    "99999999999s", "10S"})
    CHECK_MESSAGE(!schedule::of_period(text), text);
}

TEST_CASE("schedule: times are written as in RFC 3339") {
  CHECK(to_string(utc(2026, 11, 30, 21h + 5min)) == "2026-11-30T21:05:00Z");
  CHECK(to_string(utc(2026, 11, 30, 250ms)) == "2026-11-30T00:00:00.250Z");
}
