// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"

#include <cmath>
#include <memory>
#include <random>

namespace edgeless::benchmark {

/// Draws the same numbers for the same seed, on every machine.
inline random_source seeded_random(std::uint64_t seed) {
  auto generator = std::make_shared<std::mt19937_64>(seed);
  return [generator] {
    return (*generator)();
  };
}

/// Uniformly distributed in [0, 1).
inline double draw_unit(const random_source& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

/// Uniformly distributed in [low, high].
inline std::uint32_t draw_between(const random_source& random,
                                  std::uint32_t low, std::uint32_t high) {
  auto width = static_cast<double>(high) - static_cast<double>(low) + 1;
  return low + static_cast<std::uint32_t>(draw_unit(random) * width);
}

/// Exponentially distributed.
inline double draw_exponential(const random_source& random, double mean) {
  return -mean * std::log1p(-draw_unit(random));
}

} // namespace edgeless::benchmark
