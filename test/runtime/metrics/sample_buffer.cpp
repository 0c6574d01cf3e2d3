// SPDX-License-Identifier: MIT
#include "runtime/metrics/sample_buffer.hpp"

#include "messages/limits.hpp"

#include <caf/binary_serializer.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

using namespace edgeless;

namespace {

const physical_id a{0, 1}, b{0, 2};

execution_times times(physical_id instance, std::vector<double> seconds) {
  return {instance, std::move(seconds)};
}

/// `count` samples, numbered from `first`.
execution_times many(physical_id instance, std::size_t count,
                     double first = 0) {
  std::vector<double> result(count);
  std::iota(result.begin(), result.end(), first);
  return {instance, std::move(result)};
}

std::size_t count(const performance_samples& x) {
  std::size_t result = 0;
  for (auto& y : x.times)
    result += y.seconds.size();
  return result;
}

} // namespace

TEST_CASE("sample_buffer: samples keep their order") {
  sample_buffer x;
  x.add(times(a, {1, 2}));
  x.add(times(b, {9}));
  x.add(times(a, {3}));

  auto lot = x.drain(0);

  CHECK(lot.number == 1);
  CHECK(lot.omitted == 0);
  CHECK(lot.times == std::vector{times(a, {1, 2, 3}), times(b, {9})});
}

TEST_CASE(
  "sample_buffer: without new samples, the lot is empty and keeps its number") {
  sample_buffer x;
  CHECK(x.drain(0) == performance_samples{});
  x.add(times(a, {1}));
  x.drain(0);

  CHECK(x.drain(1) == performance_samples{1, {}, 0, {}});
}

TEST_CASE("sample_buffer: a lot that is not acknowledged is returned again, "
          "unchanged") {
  sample_buffer x;
  x.add(times(a, {1}));
  auto first = x.drain(0);
  x.add(times(a, {2}));

  CHECK(x.drain(0) == first);
  CHECK(x.drain(77) == first);
  CHECK(x.drain(1) == performance_samples{2, {times(a, {2})}, 0, {}});
}

TEST_CASE("sample_buffer: acknowledged samples are not returned again") {
  sample_buffer x;
  x.add(times(a, {1}));
  x.drain(0);

  CHECK(count(x.drain(1)) == 0);
  CHECK(x.size() == 0);
}

TEST_CASE("sample_buffer: keeps the newest samples of an instance and counts "
          "the others") {
  sample_buffer x;
  for (int i = 0; i < 3; ++i)
    x.add(many(a, limits::samples / 2, i * 10'000.0));
  x.add(times(a, {-1}));
  x.add(times(b, {5}));

  auto lot = x.drain(0);

  CHECK(lot.omitted == limits::samples / 2 + 1);
  REQUIRE(lot.times.size() == 2);
  CHECK(lot.times[0].seconds.size() == limits::samples);
  CHECK(lot.times[0].seconds.front() == 10'001);
  CHECK(lot.times[0].seconds.back() == -1);
  CHECK(x.drain(1).omitted == 0);
}

TEST_CASE("sample_buffer: a lot is bounded; the rest comes with the next") {
  sample_buffer x;
  std::size_t all = 0;
  for (std::uint64_t i = 1; i <= 25; ++i, all += limits::samples)
    x.add(many({0, i}, limits::samples));

  std::size_t seen = 0;
  std::uint64_t number = 0;
  for (int i = 0; i < 3; ++i) {
    auto lot = x.drain(number);
    CHECK(count(lot) + 3 * lot.times.size() <= limits::samples_per_report);
    number = lot.number;
    seen += count(lot);
  }

  CHECK(seen == all);
  CHECK(x.size() == 0);
}

TEST_CASE("sample_buffer: a lot fits into a frame, whatever its instances") {
  for (std::size_t each : {std::size_t{1}, limits::samples}) {
    sample_buffer x;
    for (std::uint64_t i = 1; x.size() < 2 * limits::samples_per_report; ++i)
      x.add(many({i, i}, each));
    caf::binary_serializer::container_type bytes;
    caf::binary_serializer sink{nullptr, bytes};
    REQUIRE(!sink(x.drain(0)));

    CHECK(bytes.size() > limits::samples_per_report);
    CHECK(bytes.size() < limits::frame / 2);
  }
}

TEST_CASE("sample_buffer: instances take turns; a busy one does not starve the "
          "others") {
  sample_buffer x;
  for (std::uint64_t i = 1; i <= 20; ++i)
    x.add(many({0, i}, limits::samples));
  auto first = x.drain(0);
  for (std::uint64_t i = 1; i <= 10; ++i)
    x.add(many({0, i}, limits::samples));

  auto second = x.drain(1);

  REQUIRE(second.times.size() >= 9);
  CHECK(second.times[0].instance == physical_id{0, 11});
  CHECK(second.times[8].instance == physical_id{0, 19});
}

TEST_CASE(
  "sample_buffer: without a reader, the oldest samples of all are dropped") {
  sample_buffer x;
  auto instances = limits::samples_waiting / limits::samples + 5;
  for (std::uint64_t i = 1; i <= instances; ++i)
    x.add(many({0, i}, limits::samples));

  CHECK(x.size() == limits::samples_waiting);
  auto lot = x.drain(0);
  CHECK(lot.omitted == 5 * limits::samples);
  CHECK(lot.times[0].instance == physical_id{0, 6});
}

TEST_CASE("sample_buffer: log lines travel once, in order, within a budget") {
  sample_buffer x;
  std::string text(limits::function_log_text, 'x');
  for (std::int64_t i = 0; i < 5000; ++i)
    x.add(function_log{a, i, "tbegin", text});

  std::vector<std::int64_t> seen;
  for (std::uint64_t number = 0; seen.size() < 5000; ++number) {
    auto lot = x.drain(number);
    REQUIRE(!lot.logs.empty());
    CHECK(x.drain(number).logs.size() == lot.logs.size());
    caf::binary_serializer::container_type bytes;
    caf::binary_serializer sink{nullptr, bytes};
    REQUIRE(!sink(lot));
    CHECK(bytes.size() < limits::frame / 2);
    for (auto& line : lot.logs)
      seen.push_back(line.when);
  }
  CHECK(std::ranges::is_sorted(seen));
  CHECK(seen.size() == 5000);
}

TEST_CASE("sample_buffer: of too many log lines the oldest are omitted") {
  sample_buffer x;
  std::string text(limits::function_log_text, 'x');
  std::uint64_t added = 0;
  for (std::size_t bytes = 0; bytes < 2 * limits::function_logs; ++added) {
    x.add(function_log{a, static_cast<std::int64_t>(added), "tbegin", text});
    bytes += text.size();
  }

  std::uint64_t kept = 0, omitted = 0;
  std::int64_t last = 0;
  for (std::uint64_t number = 0;; ++number) {
    auto lot = x.drain(number);
    if (lot.number != number + 1)
      break;
    kept += lot.logs.size();
    omitted += lot.omitted;
    last = lot.logs.empty() ? last : lot.logs.back().when;
  }
  CHECK(kept + omitted == added);
  CHECK(omitted > 0);
  CHECK(last == static_cast<std::int64_t>(added) - 1);
}
