// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/report.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <thread>

namespace edgeless::benchmark {

using clock = std::chrono::steady_clock;

/// How long and how often a report measures.
struct plan {
  bool quick = false;
  /// A folder for compiled modules and files; empty at the start.
  std::filesystem::path scratch;

  std::size_t repeats(std::size_t often) const {
    return quick ? std::max<std::size_t>(often / 5, 2) : often;
  }

  std::chrono::milliseconds pace() const {
    return std::chrono::milliseconds{quick ? 100 : 500};
  }
};

inline double seconds_since(clock::time_point start) {
  return std::chrono::duration<double>(clock::now() - start).count();
}

/// The duration of a call.
template <class F>
double seconds_of(F&& f) {
  auto start = clock::now();
  f();
  return seconds_since(start);
}

/// Polls until the condition is true; false after the timeout.
template <class Condition>
bool wait_until(std::chrono::milliseconds timeout, Condition condition) {
  auto deadline = clock::now() + timeout;
  while (!condition()) {
    if (clock::now() > deadline)
      return false;
    std::this_thread::sleep_for(std::chrono::microseconds{50});
  }
  return true;
}

/// The rates at which a counter grows, one sample per pace, after a warm-up of
/// one pace.
template <class Counter>
std::vector<double>
growth(const plan& how, Counter counter, std::size_t samples) {
  std::vector<double> result;
  std::this_thread::sleep_for(how.pace());
  for (std::size_t i = 0; i < samples; ++i) {
    auto before = counter();
    auto start = clock::now();
    std::this_thread::sleep_for(how.pace());
    auto grown = static_cast<double>(counter() - before);
    result.push_back(grown / seconds_since(start));
  }
  return result;
}

} // namespace edgeless::benchmark
