// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace edgeless {

namespace detail {

/// 1 us, 2 us, 5 us ... 100 s, in nanoseconds.
inline constexpr auto upper_bounds = [] {
  constexpr std::uint64_t steps[] = {1, 2, 5};
  std::array<std::uint64_t, 25> result{};
  std::uint64_t unit = 1000;
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i] = unit * steps[i % 3];
    if (i % 3 == 2)
      unit *= 10;
  }
  return result;
}();

/// By bit width: the bucket of the smallest number of that width.
inline constexpr auto first_buckets = [] {
  std::array<std::uint8_t, 65> result{};
  for (std::size_t bits = 0; bits <= 64; ++bits) {
    auto least = bits == 0 ? 0 : std::uint64_t{1} << (bits - 1);
    std::uint8_t i = 0;
    while (i < upper_bounds.size() && least > upper_bounds[i])
      ++i;
    result[bits] = i;
  }
  return result;
}();

} // namespace detail

/// A histogram of durations with buckets from 1 us to 100 s in steps of 1, 2
/// and 5, and one for longer durations. Lock-free; any number of threads.
class duration_histogram {
public:
  static constexpr std::size_t bounds = detail::upper_bounds.size();

  /// The upper bound of a bucket in nanoseconds; `bucket` < bounds.
  static constexpr std::uint64_t bound(std::size_t bucket) {
    return detail::upper_bounds[bucket];
  }

  /// The bucket of a duration; `bounds` if it is longer than all.
  static std::size_t bucket_of(std::uint64_t nanoseconds) {
    // The bit width leaves a choice of at most two buckets.
    std::size_t i = detail::first_buckets[std::bit_width(nanoseconds)];
    while (i < bounds && nanoseconds > detail::upper_bounds[i])
      ++i;
    return i;
  }

  /// A snapshot of the counters.
  struct reading {
    std::array<std::uint64_t, bounds + 1> buckets{};
    double seconds = 0; ///< the sum of all durations

    std::uint64_t count() const {
      std::uint64_t result = 0;
      for (auto x : buckets)
        result += x;
      return result;
    }
  };

  /// Counters of one thread, to be added in one go.
  struct counters {
    std::array<std::uint32_t, bounds + 1> buckets{};
    std::uint64_t nanoseconds = 0;
    std::uint32_t count = 0;

    void observe(std::uint64_t duration) {
      ++buckets[bucket_of(duration)];
      nanoseconds += duration;
      ++count;
    }
  };

  void observe(std::chrono::nanoseconds duration) {
    auto x
      = duration.count() < 0 ? 0 : static_cast<std::uint64_t>(duration.count());
    buckets_[bucket_of(x)].fetch_add(1, std::memory_order_relaxed);
    nanoseconds_.fetch_add(x, std::memory_order_relaxed);
  }

  void add(const counters& x) {
    for (std::size_t i = 0; i <= bounds; ++i)
      if (x.buckets[i] > 0)
        buckets_[i].fetch_add(x.buckets[i], std::memory_order_relaxed);
    nanoseconds_.fetch_add(x.nanoseconds, std::memory_order_relaxed);
  }

  reading read() const {
    reading result;
    for (std::size_t i = 0; i <= bounds; ++i)
      result.buckets[i] = buckets_[i].load(std::memory_order_relaxed);
    result.seconds
      = static_cast<double>(nanoseconds_.load(std::memory_order_relaxed))
        * 1e-9;
    return result;
  }

private:
  std::array<std::atomic<std::uint64_t>, bounds + 1> buckets_{};
  std::atomic<std::uint64_t> nanoseconds_{0};
};

} // namespace edgeless
