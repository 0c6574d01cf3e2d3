// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdint>

namespace edgeless {

/// An exponential back-off: each failure in a row doubles the pause before the
/// next attempt, from `first` up to `max`. A value without a clock: the owner
/// waits.
class backoff {
public:
  using duration = std::chrono::nanoseconds;

  constexpr backoff(duration first, duration max) : first_{first}, max_{max} {
    assert(first > duration::zero());
    assert(first <= max);
  }

  /// Counts a failure; returns the pause before the next attempt.
  constexpr duration fail() {
    ++failures_;
    auto result = next_;
    next_ = std::min(2 * next_, max_);
    assert(result >= first_ && result <= max_);
    return result;
  }

  /// An attempt succeeded: the next failure starts with `first` again.
  constexpr void reset() {
    failures_ = 0;
    next_ = first_;
  }

  /// The number of failures in a row.
  constexpr std::uint32_t failures() const {
    return failures_;
  }

private:
  duration first_;
  duration max_;
  duration next_ = first_;
  std::uint32_t failures_ = 0;
};

} // namespace edgeless
