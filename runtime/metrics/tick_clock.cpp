// SPDX-License-Identifier: MIT
#include "runtime/metrics/tick_clock.hpp"

#include <atomic>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;

bool find_counter() {
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned invariant = 1u << 8;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & invariant) != 0;
#else
  return false;
#endif
}

/// One moment by both clocks.
struct anchor {
  clock::time_point time = clock::now();
  std::uint64_t ticks = tick_clock::now();
};

/// After this long, what was found is exact to a few millionths.
constexpr auto long_enough = std::chrono::milliseconds{100};

std::atomic<double> found{0};

} // namespace

const bool tick_clock::has_counter = find_counter();

namespace {

/// When the process began.
const anchor first;

} // namespace

double tick_clock::nanoseconds() noexcept {
  if (!has_counter)
    return 1;
  if (auto known = found.load(std::memory_order_relaxed); known > 0)
    return known;
  anchor last;
  if (last.ticks <= first.ticks)
    return 0;
  auto passed
    = std::chrono::duration<double, std::nano>(last.time - first.time).count();
  auto result = passed / static_cast<double>(last.ticks - first.ticks);
  if (last.time - first.time > long_enough)
    found.store(result, std::memory_order_relaxed);
  return result;
}

} // namespace edgeless
