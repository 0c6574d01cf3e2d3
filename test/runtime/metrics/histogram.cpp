// SPDX-License-Identifier: MIT
#include "runtime/metrics/histogram.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

constexpr auto last = duration_histogram::bounds;

} // namespace

TEST_CASE("histogram: buckets go from 1 us to 100 s in steps of 1, 2 and 5") {
  CHECK(duration_histogram::bounds == 25);
  CHECK(duration_histogram::bound(0) == 1'000);
  CHECK(duration_histogram::bound(1) == 2'000);
  CHECK(duration_histogram::bound(2) == 5'000);
  CHECK(duration_histogram::bound(3) == 10'000);
  CHECK(duration_histogram::bound(last - 1) == 100'000'000'000);
}

TEST_CASE("histogram: a duration is in the first bucket that holds it") {
  for (std::size_t i = 0; i < last; ++i) {
    auto bound = duration_histogram::bound(i);
    CHECK(duration_histogram::bucket_of(bound - 1) == i);
    CHECK(duration_histogram::bucket_of(bound) == i);
    CHECK(duration_histogram::bucket_of(bound + 1) == i + 1);
  }
  CHECK(duration_histogram::bucket_of(0) == 0);
}

TEST_CASE("histogram: a duration beyond all bounds is in the last bucket") {
  CHECK(duration_histogram::bucket_of(~std::uint64_t{0}) == last);
  duration_histogram x;

  x.observe(101s);

  CHECK(x.read().buckets[last] == 1);
  CHECK(x.read().count() == 1);
}

TEST_CASE("histogram: adds up single durations and counters alike") {
  duration_histogram x;
  duration_histogram::counters many;

  x.observe(3us);
  many.observe(3'000);
  many.observe(40'000);
  x.add(many);

  CHECK(x.read().buckets[2] == 2);
  CHECK(x.read().count() == 3);
  CHECK(x.read().seconds == doctest::Approx(46e-6));
}

TEST_CASE("histogram: a negative duration counts as 0") {
  duration_histogram x;

  x.observe(-5ns);

  CHECK(x.read().buckets[0] == 1);
  CHECK(x.read().seconds == 0);
}
