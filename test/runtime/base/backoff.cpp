// SPDX-License-Identifier: MIT
#include "runtime/base/backoff.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;

TEST_CASE("backoff: each failure doubles the pause up to the maximum") {
  backoff x{100ms, 350ms};

  CHECK(x.fail() == 100ms);
  CHECK(x.fail() == 200ms);
  CHECK(x.fail() == 350ms);
  for (int i = 0; i < 1000; ++i)
    CHECK(x.fail() == 350ms);
  CHECK(x.failures() == 1003);
}

TEST_CASE("backoff: a success resets the pause") {
  backoff x{100ms, 1s};
  x.fail();
  x.fail();

  x.reset();

  CHECK(x.failures() == 0);
  CHECK(x.fail() == 100ms);
}
