// SPDX-License-Identifier: MIT
#include "runtime/schedule/cron_fields.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono;
using namespace std::chrono_literals;

namespace {

local_seconds local(int y, unsigned m, unsigned d, seconds time = 0s) {
  return local_days{year{y} / month{m} / day{d}} + time;
}

/// The next match within ten years, from the middle of a Monday on.
local_seconds next_of(const char* text) {
  auto fields = cron_fields::parse(text);
  REQUIRE_MESSAGE(fields, text);
  auto from = local(2026, 11, 30, 12h + 30min + 15s);
  return fields->next(from, from + days{3660}).value_or(local_seconds{});
}

} // namespace

TEST_CASE("cron fields: each field restricts its part of the time") {
  CHECK(next_of("* * * * * *") == local(2026, 11, 30, 12h + 30min + 15s));
  CHECK(next_of("10 * * * * *") == local(2026, 11, 30, 12h + 31min + 10s));
  CHECK(next_of("0 5 * * * *") == local(2026, 11, 30, 13h + 5min));
  CHECK(next_of("0 0 8 * * *") == local(2026, 12, 1, 8h));
  CHECK(next_of("0 0 0 31 * *") == local(2026, 12, 31));
  CHECK(next_of("0 0 0 1 6 *") == local(2027, 6, 1));
  CHECK(next_of("0 0 0 * * 5") == local(2026, 12, 4));
}

TEST_CASE("cron fields: without a second it is 0") {
  CHECK(next_of("*/15 * * * *") == local(2026, 11, 30, 12h + 45min));
}

TEST_CASE("cron fields: lists, ranges, steps and names") {
  CHECK(next_of("0,20,40 * * * * *") == local(2026, 11, 30, 12h + 30min + 20s));
  CHECK(next_of("0 10-12,50/5 * * * *") == local(2026, 11, 30, 12h + 50min));
  CHECK(next_of("0 0 9-17/4 * * *") == local(2026, 11, 30, 13h));
  CHECK(next_of("0 0 0 * feb-Mar *") == local(2027, 2, 1));
  CHECK(next_of("0 0 0 * * sat") == local(2026, 12, 5));
  CHECK(next_of("0 0 0 * * 7") == local(2026, 12, 6));
  CHECK(next_of("0 0 0 * * 5-7") == local(2026, 12, 4));
}

TEST_CASE("cron fields: of two restricted days one has to match") {
  CHECK(next_of("0 0 0 13 * fri") == local(2026, 12, 4));
  CHECK(next_of("0 0 0 2 * fri") == local(2026, 12, 2));
  CHECK(next_of("0 0 0 */2 * fri") == local(2026, 12, 11));
}

TEST_CASE("cron fields: macros") {
  CHECK(next_of("@hourly") == local(2026, 11, 30, 13h));
  CHECK(next_of("@daily") == local(2026, 12, 1));
  CHECK(next_of("@weekly") == local(2026, 12, 6));
  CHECK(next_of("@monthly") == local(2026, 12, 1));
  CHECK(next_of("@yearly") == local(2027, 1, 1));
}

TEST_CASE("cron fields: the 29th of February is found, the 30th is not") {
  CHECK(next_of("0 0 0 29 2 *") == local(2028, 2, 29));
  CHECK(next_of("0 0 0 30 2 *") == local_seconds{});
}

TEST_CASE("cron fields: a match at the end of the interval is none") {
  auto fields = *cron_fields::parse("0 0 * * * *");
  CHECK(!fields.next(local(2026, 1, 1, 1s), local(2026, 1, 1, 1h)));
  CHECK(fields.next(local(2026, 1, 1, 1h), local(2026, 1, 1, 1h + 1s)));
}

TEST_CASE("cron fields: what is malformed is refused with what a field may "
          "have") {
  for (auto text : {"",
                    "* * * *",
                    "* * * * * * *",
                    "60 * * * * *",
                    "* 60 * * * *",
                    "* * 24 * * *",
                    "* * * 0 * *",
                    "* * * 32 * *",
                    "* * * * 13 *",
                    "* * * * * 8",
                    "-1 * * * * *",
                    "5-1 * * * * *",
                    "*/0 * * * * *",
                    "*/99 * * * * *",
                    "1,, * * * * *",
                    ", * * * * *",
                    "1, * * * * *",
                    "a * * * * *",
                    "* * * * foo *",
                    "1-2-3 * * * * *",
                    "@often",
                    "99999999999 * * * * *",
                    "1.5 * * * * *"})
    CHECK_MESSAGE(!cron_fields::parse(text), text);
  CHECK(!cron_fields::parse(std::string(1000, '*')));
  auto text = explain(cron_fields::parse("0 0 25 * * *").error());
  CHECK(text.find("the hour \"25\" is not") != std::string::npos);
  CHECK(text.find("from 0 to 23") != std::string::npos);
}
