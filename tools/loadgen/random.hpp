// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"

#include <cmath>
#include <memory>
#include <random>

namespace edgeless::benchmark {

/// The same numbers for the same seed, on every machine.
inline random_source seeded_chance(std::uint64_t seed) {
  auto generator = std::make_shared<std::mt19937_64>(seed);
  return [generator] {
    return (*generator)();
  };
}

/// A number of [0, 1).
inline double unit_draw(const random_source& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

/// One of low .. high, each as likely as the others.
inline std::uint32_t draw_between(const random_source& random,
                                  std::uint32_t low, std::uint32_t high) {
  auto width = static_cast<double>(high) - static_cast<double>(low) + 1;
  return low + static_cast<std::uint32_t>(unit_draw(random) * width);
}

/// Exponentially distributed with that mean.
inline double draw_exponential(const random_source& random, double mean) {
  return -mean * std::log1p(-unit_draw(random));
}

} // namespace edgeless::benchmark
