// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace edgeless::test {

/// The command line of the simulation.
struct simulation_options {
  std::uint64_t seed = 1;
  std::uint64_t runs = 1000;
  int faults = 30;
  /// Prints each fault when it is injected.
  bool verbose = false;
};

/// What a seed decides before the first fault is drawn.
struct scenario {
  explicit scenario(std::uint64_t seed)
    : seed{seed}, only_recoverable{seed % 4 == 0}, mirrored{seed % 3 == 0},
      blocks_when_full{seed % 3 == 0}, at_least_once{seed % 5 < 3},
      at_least_once_ends_crash{seed % 5 == 0} {
    // nop
  }

  std::uint64_t seed;
  /// Only recoverable faults are injected: see fault_injection.hpp.
  bool only_recoverable;
  /// The domain has a mirror in Redis.
  bool mirrored;
  /// The ordered stream has `on_full: block`.
  bool blocks_when_full;
  /// There is an at-least-once stream.
  bool at_least_once;
  /// Its source and its sink crash, too.
  bool at_least_once_ends_crash;
};

} // namespace edgeless::test
