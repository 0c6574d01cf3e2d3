// SPDX-License-Identifier: MIT

#pragma once

/// Arithmetic for printing and reading numbers: products of two words, long
/// numbers, the layouts of floating-point types, and powers of ten.

#include "view.hpp"

namespace edgeless {

template <class T>
concept integer = (T(1) / 2 == 0);

namespace decimal {

struct wide {
  uint64_t high, low;
};

constexpr wide multiply(uint64_t a, uint64_t b) {
#ifdef __wasm__ // Where the compiler's own product is a call to its library.
  uint64_t a0 = uint32_t(a), a1 = a >> 32, b0 = uint32_t(b), b1 = b >> 32;
  auto low = a0 * b0, left = a0 * b1, right = a1 * b0;
  auto middle = (low >> 32) + uint32_t(left) + uint32_t(right);
  return {a1 * b1 + (left >> 32) + (right >> 32) + (middle >> 32),
          middle << 32 | uint32_t(low)};
#else
  auto product = static_cast<unsigned __int128>(a) * b;
  return {uint64_t(product >> 64), uint64_t(product)};
#endif
}

/// A natural number of at most 4096 bits, enough to round any decimal to a
/// double.
struct natural {
  uint32_t limbs[128] = {};
  int size;

  constexpr explicit natural(uint64_t x = 0)
    : limbs{uint32_t(x), uint32_t(x >> 32)}, size(x >> 32 ? 2 : x != 0) {}
  constexpr void multiply_add(uint32_t factor, uint32_t summand) {
    uint64_t carry = summand;
    for (int i = 0; i < size; ++i) {
      carry += uint64_t{limbs[i]} * factor;
      limbs[i] = carry;
      carry >>= 32;
    }
    if (carry)
      limbs[size++] = carry;
  }
  constexpr void divide(uint32_t divisor) {
    uint64_t rest = 0;
    for (int i = size; i-- > 0; rest %= divisor) {
      rest = rest << 32 | limbs[i];
      limbs[i] = rest / divisor;
    }
    while (size && !limbs[size - 1])
      --size;
  }
  constexpr void raise(uint32_t base, int exponent) {
    for (; exponent > 0; --exponent) {
      auto factor = base;
      for (int i = 1; i < 9 && exponent > 1; ++i, --exponent)
        factor *= base;
      multiply_add(factor, 0);
    }
  }
  /// The first 128 bits, from the highest one on.
  constexpr wide top() const {
    auto limb = [this](int i) -> uint64_t {
      return i <= size ? limbs[size - i] : 0;
    };
    auto shift = __builtin_clz(limbs[size - 1]);
    return {(limb(1) << 32 | limb(2)) << shift | limb(3) << shift >> 32,
            (limb(3) << 32 | limb(4)) << shift | limb(5) << shift >> 32};
  }
  constexpr int compare(const natural& other) const {
    if (size != other.size)
      return size < other.size ? -1 : 1;
    for (int i = size; i-- > 0;)
      if (limbs[i] != other.limbs[i])
        return limbs[i] < other.limbs[i] ? -1 : 1;
    return 0;
  }
};

/// The layout of a type, the powers of ten that reading and writing it takes,
/// and those between which a decimal can lie halfway between two values.
template <class F>
struct layout;

template <>
struct layout<float> {
  using bits = uint32_t;
  static constexpr int mantissa = 23, bias = 127;
  static constexpr int lowest = -65, highest = 45, tie_low = -17, tie_high = 10;
};

template <>
struct layout<double> {
  using bits = uint64_t;
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr int lowest = -342, highest = 324, tie_low = -4,
                       tie_high = 23;
};

/// 10^k to 128 bits: rounded down for k >= 0 and up below, for `nearest`.
template <class F>
struct powers {
  wide values[layout<F>::highest - layout<F>::lowest + 1];

  // Those of five have the same bits, and are shorter.
  consteval powers() : values() {
    auto zero = values - layout<F>::lowest;
    natural up(1), down;
    for (int k = 0; k <= layout<F>::highest; ++k, up.multiply_add(5, 0))
      zero[k] = up.top();
    down.limbs[30] = 1; // 2^960, of which 5^342 leaves more than 128 bits.
    down.size = 31;
    for (int k = -1; k >= layout<F>::lowest; --k) {
      down.divide(5);
      auto x = down.top();
      zero[k] = {x.high + (x.low == UINT64_MAX), x.low + 1};
    }
  }
};

template <class F>
inline constexpr powers<F> power_table;

template <class F>
wide power(int k) {
  return power_table<F>.values[k - layout<F>::lowest];
}

} // namespace decimal

} // namespace edgeless
