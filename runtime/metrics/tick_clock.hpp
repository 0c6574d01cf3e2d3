// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace edgeless {

/// A clock that costs half of what the steady one does, for what is measured
/// with every event. Its unit is found out while the process runs.
class tick_clock {
public:
  static std::uint64_t now() noexcept {
#if defined(__x86_64__)
    if (has_counter)
      return __rdtsc();
#endif
    return static_cast<std::uint64_t>(
      std::chrono::steady_clock::now().time_since_epoch().count());
  }

  /// The length of a tick; the longer the process runs, the more exact.
  static double nanoseconds() noexcept;

private:
  /// The processor counts at one pace, whatever it does.
  static const bool has_counter;
};

} // namespace edgeless
