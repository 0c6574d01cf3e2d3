// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace edgeless {

/// The state of a guest between two events, when its call stack is empty: all
/// that another guest of the same module needs to continue in its place.
/// Independent of the engine, its version and the processor.
struct guest_state {
  /// A mutable global: the kind of its value (0 i32, 1 i64, 2 f32, 3 f64, 4
  /// v128), and the value in little-endian order, padded with zeros.
  struct global {
    std::uint8_t kind = 0;
    std::array<char, 16> value{};

    friend bool operator==(const global&, const global&) = default;
  };

  /// The size of its linear memory, in bytes.
  std::uint64_t memory = 0;
  /// Those that its code writes, in the order of their indices.
  std::vector<global> globals;
  /// Unfinished lines of stdout and stderr.
  std::array<std::string, 2> lines;
  /// Its monotonic clock when it was captured, in nanoseconds, and the time of
  /// that, in nanoseconds since the Unix epoch.
  std::uint64_t monotonic = 0;
  std::uint64_t captured_at = 0;
  /// Where its memory differs from that of a new guest: see memory_runs.hpp.
  std::string runs;

  friend bool operator==(const guest_state&, const guest_state&) = default;
};

} // namespace edgeless
