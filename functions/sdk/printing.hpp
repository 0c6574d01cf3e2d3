// SPDX-License-Identifier: MIT

#pragma once

/// Prints numbers: floating-point values with the shortest digits that read
/// back as the same value (Giulietti's Schubfach), eight digits of text at a
/// time.

#include "powers.hpp"

namespace edgeless {

namespace decimal {

/// digits * 10^exponent.
struct number {
  uint64_t digits;
  int exponent;
};

/// A value and the middles to its neighbours, in units of 10^k / 4, truncated;
/// the last bit is set if anything was cut off.
struct interval {
  uint64_t lower, value, upper;
};

/// From one product of three words: the lower end, to which half a unit of the
/// value's last place is added twice; that is g, shifted.
inline interval interval_of(wide g, uint64_t c, int h, bool uneven, double) {
  auto x = (4 * c - 2 + uneven) << h;
  auto p = multiply(g.high, x), rest = multiply(g.low, x);
  uint64_t high = p.high, middle = p.low + rest.high, low = rest.low;
  high += middle < p.low;
  auto add = [&](int shift) {
    auto b = g.low << shift;
    auto a = g.high << shift | g.low >> (64 - shift);
    low += b;
    uint64_t carry = low < b;
    middle += carry;
    carry = middle < carry;
    middle += a;
    high += (g.high >> (64 - shift)) + carry + (middle < a);
  };
  auto odd = [&] {
    return high | (middle > 1);
  };
  interval result;
  result.lower = odd();
  add(h + 1 - uneven);
  result.value = odd();
  add(h + 1);
  result.upper = odd();
  return result;
}

/// Of the powers of ten one word is enough.
inline interval interval_of(wide g, uint64_t c, int h, bool uneven, float) {
  auto power = g.high + (g.low != 0);
  auto scale = [=](uint64_t x) {
    x <<= h;
    auto p = (power >> 32) * x + (uint32_t(power) * x >> 32);
    return p >> 32 | (uint32_t(p) > 1);
  };
  return {scale(4 * c - 2 + uneven), scale(4 * c), scale(4 * c + 2)};
}

/// x / 10, of less than 2^62: a division is one in the engine.
constexpr uint64_t tenth(uint64_t x) {
  return multiply(x, 0x199999999999999a).high;
}

/// The shortest decimal that reads back as the positive finite value of these
/// bits, the closest to it of those (Giulietti's Schubfach).
template <class F>
number shortest(typename layout<F>::bits bits) {
  using L = layout<F>;
  auto hidden = uint64_t{1} << L::mantissa;
  auto fraction = bits & (hidden - 1);
  int biased = bits >> L::mantissa;
  auto c = biased ? fraction | hidden : fraction;
  int q = (biased ? biased : 1) - L::bias - L::mantissa;
  if (!c)
    return {0, 0};
  if (q <= 0 && q >= -L::mantissa && !(c & ((uint64_t{1} << -q) - 1)))
    return {c >> -q, 0};
  // Below a power of two the neighbour is only half as far.
  bool uneven = fraction == 0 && biased > 1;
  int k = (q * 1262611 - (uneven ? 524031 : 0)) >> 22;
  int h = q + (-k * 1741647 >> 19) + 1;
  auto g = power<F>(-k);
  if (-k > 55) // No longer exact, and this algorithm needs it rounded up.
    g = {g.high + (g.low == UINT64_MAX), g.low + 1};
  auto [lower, value, upper] = interval_of(g, c, h, uneven, F{});
  auto odd = c & 1;
  lower += odd;
  upper -= odd;
  auto s = value / 4;
  auto tens = tenth(s) * 10;
  // Without branches, which would be unpredictable.
  bool down = lower <= 4 * s, up = 4 * s + 4 <= upper;
  auto digits = s + (down != up ? up : value >= 4 * s + 2);
  bool tens_down = lower <= 4 * tens, tens_up = 4 * tens + 40 <= upper;
  if (tens_down != tens_up && s >= 10)
    digits = tens + (tens_up ? 10 : 0);
  return {digits, k}; // Halfway: up, as Rust does.
}

constexpr uint64_t zeros = 0x3030303030303030;

/// The eight digits of x, which is below 10^8, as bytes, the first one lowest.
/// By products instead of divisions: first of fours, then of pairs, then
/// single.
constexpr uint64_t digits_of(uint32_t x) {
  uint64_t four = x * uint64_t{3518437209} >> 45;
  auto fours = (uint64_t{x} << 32) - four * ((10'000ull << 32) - 1);
  auto two = fours * 10486 >> 20 & 0x0000007f0000007f;
  auto twos = (fours << 16) - two * ((100 << 16) - 1);
  auto one = twos * 103 >> 10 & 0x000f000f000f000f;
  return (twos << 8) - one * ((10 << 8) - 1);
}

inline char* write_eight(char* at, uint32_t x) {
  auto text = digits_of(x) | zeros;
  __builtin_memcpy(at, &text, 8);
  return at + 8;
}

/// Writes x, which is below 10^8, and touches up to seven bytes behind it;
/// returns the end of x.
inline char* write_few(char* at, uint32_t x) {
  auto digits = digits_of(x);
  auto skipped = __builtin_ctzll(digits | uint64_t{1} << 56) & ~7;
  auto text = (digits | zeros) >> skipped;
  __builtin_memcpy(at, &text, 8);
  return at + 8 - skipped / 8;
}

/// As `write_few`, of any x.
inline char* write(char* at, uint64_t x) {
  if (x < 100'000'000)
    return write_few(at, x);
  auto above = multiply(x, 0xabcc77118461cefd).high >> 26;
  auto top = (above >> 8) * 1441151881 >> 49; // above / 10^8
  if (above < 10'000'000) {
    at = write_few(at, above);
  } else {
    // Doubles have 16 or 17 digits mostly.
    *at = '0' + top;
    at = top < 10 ? at + (top > 0) : write_few(at, top);
    at = write_eight(at, above - top * 100'000'000);
  }
  return write_eight(at, x - above * 100'000'000);
}

/// Removes zeros from the end of the text, which goes from `at` to `end`.
inline char* trim(char* at, char* end) {
  for (; end - at >= 8; end -= 8) {
    uint64_t digits;
    __builtin_memcpy(&digits, end - 8, 8);
    if (digits ^= zeros)
      return end - __builtin_clzll(digits) / 8;
  }
  while (end > at && end[-1] == '0')
    --end;
  return end;
}

/// Writes n zeros, and up to seven bytes behind them; returns their end.
inline char* write_zeros(char* at, int n) {
  for (int i = 0; i < n; i += 8)
    __builtin_memcpy(at + i, &zeros, 8);
  return at + n;
}

/// The number of bytes that `write` may touch.
inline size_t room_for(number x) {
  return 40 + (x.exponent < 0 ? -x.exponent : x.exponent);
}

/// 1, 10, 100 and so on.
struct small_powers {
  uint64_t values[18] = {1};

  consteval small_powers() {
    for (int i = 1; i < 18; ++i)
      values[i] = 10 * values[i - 1];
  }
};

/// The number of digits of x, which is below 10^18 and not 0.
inline int count_digits(uint64_t x) {
  constexpr small_powers powers;
  auto count = (64 - __builtin_clzll(x)) * 1233 >> 12;
  return count + (x >= powers.values[count]);
}

/// Writes x at `at`, never with an exponent; returns its end.
inline char* write(char* at, number x) {
  if (x.exponent >= 0)
    return write_zeros(write(at, x.digits), x.exponent);
  auto whole = count_digits(x.digits) + x.exponent; // Before the point.
  if (whole <= 0) {
    at[0] = '0';
    at[1] = '.';
    at = write_zeros(at + 2, -whole);
    return trim(at, write(at, x.digits));
  }
  auto point = at + whole, end = trim(point, write(at, x.digits));
  if (end == point)
    return end;
  __builtin_memmove(point + 1, point, 24);
  *point = '.';
  return end + 1;
}

} // namespace decimal

} // namespace edgeless
