// SPDX-License-Identifier: MIT
#include "runtime/base/log_throttle.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

namespace {

using some = std::optional<std::uint64_t>;

} // namespace

TEST_CASE("log throttle: one line per subject and pause, with a count") {
  log_throttle x;
  log_throttle::time_point now{};

  CHECK(x.admit("a", now) == some{0});
  CHECK(x.admit("b", now) == some{0});
  CHECK(!x.admit("a", now));
  CHECK(!x.admit("a", now + limits::log_pause / 2));
  CHECK(x.admit("a", now + limits::log_pause) == some{2});
  CHECK(x.admit("a", now + 2 * limits::log_pause) == some{0});
}

TEST_CASE("log throttle: strangers cannot make it grow") {
  log_throttle x;
  log_throttle::time_point now{};
  auto lines = 0u;

  for (auto i = 0; i < 5'000; ++i)
    lines += x.admit(std::to_string(i), now).has_value();

  CHECK(lines <= limits::log_subjects + 1);
  CHECK(x.admit("new", now + limits::log_pause).has_value());
}

TEST_CASE("log throttle: the end of a line says how many were left out") {
  log_throttle x;
  log_throttle::time_point now{};
  std::string end = "none";
  auto log = [&](const std::string& omitted) {
    end = omitted;
  };

  x("a", now, log);
  CHECK(end == "");
  x("a", now, log);
  x("a", now + limits::log_pause, log);
  CHECK(end == " omitted=1");
}
