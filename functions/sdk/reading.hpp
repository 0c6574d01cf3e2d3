// SPDX-License-Identifier: MIT

#pragma once

/// Reads numbers, correctly rounded: eight digits at a time, then one exact
/// division (Clinger) or one or two products (Lemire); more than 19 digits may
/// need long numbers.

#include "powers.hpp"

namespace edgeless {

/// The result of `parse`: a value, or the error in the words of Rust.
template <class T>
struct parsed {
  T value{};
  string_view why;

  explicit operator bool() const {
    return why.empty();
  }
  T value_or(T other) const {
    return why.empty() ? value : other;
  }
};

namespace decimal {

/// The bits of the value closest to w * 10^q, ties to even (Lemire).
template <class F>
typename layout<F>::bits nearest(uint64_t w, int q) {
  using L = layout<F>;
  constexpr auto infinity = 2 * L::bias + 1;
  if (!w || q < L::lowest)
    return 0;
  using bits = typename L::bits;
  if (q > L::highest)
    return bits(infinity) << L::mantissa;
  auto zeros = __builtin_clzll(w);
  w <<= zeros;
  auto g = power<F>(q);
  auto p = multiply(w, g.high);
  constexpr auto unclear = ~uint64_t{0} >> (L::mantissa + 3);
  if ((p.high & unclear) == unclear) {
    auto low = p.low + multiply(w, g.low).high;
    p.high += low < p.low;
    p.low = low;
  }
  int top = p.high >> 63, shift = top + 64 - L::mantissa - 3;
  auto m = p.high >> shift;
  int exponent = (217706 * q >> 16) + 63 + top - zeros + L::bias;
  if (exponent <= 0) {
    if (exponent <= -63)
      return 0;
    m >>= 1 - exponent;
    return (m + (m & 1)) >> 1; // A carry gives the smallest normal value.
  }
  if (p.low <= 1 && q >= L::tie_low && q <= L::tie_high && (m & 3) == 1
      && m << shift == p.high)
    m &= ~uint64_t{1};
  m = (m + (m & 1)) >> 1;
  if (m >> (L::mantissa + 1)) {
    m >>= 1;
    ++exponent;
  }
  if (exponent >= infinity)
    return bits(infinity) << L::mantissa;
  return bits(exponent) << L::mantissa | (m ^ (bits{1} << L::mantissa));
}

/// w * 10^q for usual decimals by one division, which rounds correctly since
/// both operands are exact (Clinger). If false, `nearest` is needed.
template <class F>
bool divide(uint64_t w, int q, F& result) {
  constexpr double powers[]
    = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (w >> 53 || q > 0 || q < -22)
    return false;
  auto x = double(int64_t(w)) / powers[-q];
  // A float is rounded twice: wrong only if the first time ends halfway.
  if constexpr (sizeof(F) == 4)
    if (x < 1e-37
        || (__builtin_bit_cast(uint64_t, x) & 0x1fffffff) == 0x10000000)
      return false;
  result = F(x);
  return true;
}

/// The value of eight digits: of pairs, of fours, of all.
constexpr uint32_t value_of(uint64_t x) {
  x = x * 10 + (x >> 8);
  return ((x & 0x000000ff000000ff) * 0x000f424000000064
          + (x >> 16 & 0x000000ff000000ff) * 0x0000271000000001)
         >> 32;
}

/// Appends the digits of `text` from `i` on to `value`, modulo 2^64; returns
/// where they end.
inline size_t read_digits(string_view text, size_t i, uint64_t& value) {
  constexpr uint64_t each = 0x0101010101010101;
  for (; text.size() - i >= 8; i += 8) {
    uint64_t digits;
    __builtin_memcpy(&digits, text.data() + i, 8);
    digits ^= '0' * each;
    if ((digits | (digits + 0x76 * each)) & 0x80 * each)
      break;
    value = value * 100'000'000 + value_of(digits);
  }
  for (; i < text.size() && uint8_t(text[i] - '0') < 10; ++i)
    value = 10 * value + (text[i] - '0');
  return i;
}

/// The first 19 digits that count of a longer decimal, which fit in a word.
struct beginning {
  uint64_t value = 0;
  int dropped = 0;   ///< digits behind those
  bool tail = false; ///< of which not all are zero

  explicit beginning(string_view digits) {
    for (auto c : digits)
      if (c == '.')
        continue;
      else if (value < 1'000'000'000'000'000'000)
        value = 10 * value + (c - '0');
      else
        ++dropped, tail |= c != '0';
  }
};

/// Whether a decimal between the value of `bits` and the next one rounds up.
/// It is that of `digits`, skipping a point, times 10^exponent.
template <class F>
bool rounds_up(string_view digits, int exponent,
               typename layout<F>::bits bits) {
  using L = layout<F>;
  uint64_t biased = bits >> L::mantissa;
  auto m = biased ? bits - ((biased - 1) << L::mantissa) : bits;
  int twos = int(biased ? biased : 1) - L::bias - L::mantissa - 1;
  natural exact, middle(2 * m + 1);
  int kept = 0;
  bool more = false;
  for (auto c : digits) {
    if (c == '.')
      continue;
    if (kept < 800)
      exact.multiply_add(10, c - '0');
    else
      ++exponent, more |= c != '0';
    kept += exact.size != 0;
  }
  // Of a longer tail, it matters only that it is not zero.
  if (more)
    exact.multiply_add(10, 1), --exponent;
  exact.raise(10, exponent);
  exact.raise(2, -twos);
  middle.raise(10, -exponent);
  middle.raise(2, twos);
  auto order = exact.compare(middle);
  return order > 0 || (order == 0 && m % 2);
}

/// A text without digits: inf, infinity, nan, or an error.
template <class F>
parsed<F> word(string_view text, bool minus) {
  F sign = minus ? -1 : 1;
  if (equal_ignoring_case(text, "inf") || equal_ignoring_case(text, "infinity"))
    return {sign * F(__builtin_inf()), {}};
  if (equal_ignoring_case(text, "nan"))
    return {sign * F(__builtin_nan("")), {}};
  return {0, "invalid float literal"};
}

/// The bits of a decimal of more than 19 digits times 10^exponent.
template <class F>
typename layout<F>::bits nearest(string_view digits, int exponent) {
  beginning w(digits);
  auto result = nearest<F>(w.value, exponent + w.dropped);
  if (w.tail && result != nearest<F>(w.value + 1, exponent + w.dropped))
    result += rounds_up<F>(digits, exponent, result);
  return result;
}

/// An integer; what it may look like stands below.
template <integer T>
parsed<T> parse(const char* data, size_t size) {
  string_view text(data, size);
  constexpr bool is_signed = T(-1) < T(0);
  if (text.empty())
    return {0, "cannot parse integer from empty string"};
  bool minus = is_signed && text[0] == '-';
  auto digits = text.substr(minus || text[0] == '+');
  if (digits.empty())
    return {0, "invalid digit found in string"};
  // By the magnitude: a product checked for overflow is a library call.
  constexpr auto largest
    = (uint64_t{1} << (8 * sizeof(T) - 1) << !is_signed) - 1;
  auto limit = largest + minus;
  uint64_t value = 0;
  // No 19 digits exceed a word.
  if (digits.size() <= 19 && read_digits(digits, 0, value) == digits.size()
      && value <= limit)
    return {T(minus ? -value : value), {}};
  value = 0;
  for (auto c : digits) {
    if (c < '0' || c > '9')
      return {0, "invalid digit found in string"};
    uint64_t digit = c - '0';
    if (value > limit / 10 || digit > limit - 10 * value)
      return {0, minus ? string_view("number too small to fit in target type")
                       : string_view("number too large to fit in target type")};
    value = 10 * value + digit;
  }
  return {T(minus ? -value : value), {}};
}

/// A float or a double.
template <class F>
requires(!integer<F>) parsed<F> parse(const char* data, size_t size) {
  using bits = typename layout<F>::bits;
  string_view text(data, size);
  constexpr parsed<F> invalid{0, "invalid float literal"};
  if (text.empty())
    return {0, "cannot parse float from empty string"};
  bool minus = text[0] == '-';
  text = text.substr(minus || text[0] == '+');
  uint64_t w = 0;
  size_t i = 0;
  for (; i < text.size() && uint8_t(text[i] - '0') < 10; ++i)
    w = 10 * w + (text[i] - '0');
  auto count = i;
  int exponent = 0;
  if (i < text.size() && text[i] == '.') {
    auto end = read_digits(text, i + 1, w);
    exponent = -int(end - i - 1);
    count = end - 1;
    i = end;
  }
  if (count == 0)
    return word<F>(text, minus);
  auto digits = text.substr(0, i);
  if (i < text.size()) {
    if (text[i] != 'e' && text[i] != 'E')
      return invalid;
    auto power = text.substr(i + 1);
    bool negative = !power.empty() && power[0] == '-';
    power = power.substr(negative || (!power.empty() && power[0] == '+'));
    int value = 0;
    for (auto c : power) {
      if (c < '0' || c > '9')
        return invalid;
      value = value < 100'000'000 ? 10 * value + (c - '0') : value;
    }
    if (power.empty())
      return invalid;
    exponent += negative ? -value : value;
  }
  F value;
  if (count <= 19 && divide(w, exponent, value))
    return {minus ? -value : value, {}};
  auto result
    = count <= 19 ? nearest<F>(w, exponent) : nearest<F>(digits, exponent);
  result |= bits{minus} << (8 * sizeof(F) - 1);
  return {__builtin_bit_cast(F, result), {}};
}

} // namespace decimal

/// Reads a decimal integer with an optional sign (no minus for unsigned types)
/// and nothing around it; or a float or a double, rounded correctly: decimal
/// digits with an optional sign, point and exponent, or inf, infinity, nan in
/// any case.
template <class T>
inline __attribute__((always_inline)) parsed<T> parse(string_view text) {
  // In two registers: a view goes through memory, where a load waits for the
  // two stores.
  return decimal::parse<T>(text.data(), text.size());
}

} // namespace edgeless
