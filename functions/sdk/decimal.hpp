// SPDX-License-Identifier: MIT

#pragma once

/// Numbers from text and the digits of numbers, correctly rounded, both in a
/// few multiplications; a decimal of more than 19 digits may take long ones.

#include "base.hpp"

namespace edgeless {

namespace decimal {

struct wide {
  uint64_t high, low;
};

// Written out: the compiler's own 128-bit product is a call to its library.
constexpr wide multiply(uint64_t a, uint64_t b) {
  uint64_t a0 = uint32_t(a), a1 = a >> 32, b0 = uint32_t(b), b1 = b >> 32;
  auto low = a0 * b0, left = a0 * b1, right = a1 * b0;
  auto middle = (low >> 32) + uint32_t(left) + uint32_t(right);
  return {a1 * b1 + (left >> 32) + (right >> 32) + (middle >> 32),
          middle << 32 | uint32_t(low)};
}

/// x / 10, of less than 2^62: a division is one in the engine.
constexpr uint64_t tenth(uint64_t x) {
  return multiply(x, 0x199999999999999a).high;
}

/// A natural number of at most 4096 bits: no decimal that a double can tell
/// from its neighbours needs more.
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

/// digits * 10^exponent.
struct number {
  uint64_t digits;
  int exponent;
};

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
  auto scale = [=](uint64_t x) {
    auto p = multiply(g.high, x << h);
    auto low = p.low + multiply(g.low, x << h).high;
    p.high += low < p.low;
    return p.high | (low > 1);
  };
  auto odd = c & 1;
  auto lower = scale(4 * c - 2 + uneven) + odd;
  auto upper = scale(4 * c + 2) - odd;
  auto value = scale(4 * c);
  auto s = value / 4;
  if (auto tens = tenth(s) * 10; s >= 10) {
    bool down = lower <= 4 * tens, up = 4 * tens + 40 <= upper;
    if (down != up)
      return {tenth(s) + up, k + 1};
  }
  bool down = lower <= 4 * s, up = 4 * s + 4 <= upper;
  if (down != up)
    return {s + up, k};
  return {s + (value >= 4 * s + 2), k}; // Halfway: up, as Rust does.
}

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

/// w * 10^q for most of what people write, by one division, which rounds
/// correctly since both sides are exact (Clinger). False: ask `nearest`.
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

/// The bytes at `text`, as many as the word has.
template <class Word>
Word load(const char* text) {
  Word result;
  __builtin_memcpy(&result, text, sizeof(Word));
  return result;
}

/// Whether all bytes are digits: none too small, none too large.
template <class Word>
bool are_digits(Word x) {
  constexpr Word each = ~Word{0} / 255;
  return !(((x + 0x46 * each) | (x - 0x30 * each)) & 0x80 * each);
}

/// The value of eight digits: of pairs, of fours, of all.
inline uint32_t value_of(uint64_t x) {
  x -= 0x3030303030303030;
  x = x * 10 + (x >> 8);
  return ((x & 0x000000ff000000ff) * 0x000f424000000064
          + (x >> 16 & 0x000000ff000000ff) * 0x0000271000000001)
         >> 32;
}

/// The value of four digits.
inline uint32_t value_of(uint32_t x) {
  x -= 0x30303030;
  x = x * 10 + (x >> 8);
  return (x & 0xff) * 100 + (x >> 16 & 0xff);
}

/// Digits that are read one run after the other: the first 19 that count.
struct significand {
  uint64_t value = 0;
  int dropped = 0;   ///< digits behind the first 19
  bool tail = false; ///< of which not all are zero

  /// Reads the digits at the beginning of `text`; how many.
  size_t read(string_view text) {
    size_t i = 0;
    for (; text.size() - i >= 8 && value < 100'000'000'000; i += 8) {
      auto word = load<uint64_t>(text.data() + i);
      if (!are_digits(word))
        break;
      value = value * 100'000'000 + value_of(word);
    }
    if (text.size() - i >= 4 && value < 1'000'000'000'000'000)
      if (auto word = load<uint32_t>(text.data() + i); are_digits(word)) {
        value = value * 10'000 + value_of(word);
        i += 4;
      }
    for (; i < text.size(); ++i) {
      uint8_t digit = text[i] - '0';
      if (digit > 9)
        break;
      if (value < 1'000'000'000'000'000'000)
        value = 10 * value + digit;
      else
        ++dropped, tail |= digit != 0;
    }
    return i;
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
  // All that a longer tail can say is that it is not zero.
  if (more)
    exact.multiply_add(10, 1), --exponent;
  exact.raise(10, exponent);
  exact.raise(2, -twos);
  middle.raise(10, -exponent);
  middle.raise(2, twos);
  auto order = exact.compare(middle);
  return order > 0 || (order == 0 && m % 2);
}

} // namespace decimal

/// What `parse` found: a value, or why there is none, in the words of Rust.
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

template <class T>
concept integer = __is_integral(T);

/// Reads a decimal integer with an optional sign (no minus for unsigned types)
/// and nothing around it.
template <integer T>
parsed<T> parse(string_view text) {
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
  // No 19 digits exceed a word.
  decimal::significand w;
  if (digits.size() <= 19 && w.read(digits) == digits.size()
      && w.value <= limit)
    return {T(minus ? -w.value : w.value), {}};
  uint64_t value = 0;
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

namespace decimal {

/// What has no digits: inf, infinity, nan, or not a number at all.
template <class F>
parsed<F> word(string_view text, bool minus) {
  F sign = minus ? -1 : 1;
  if (equal_ignoring_case(text, "inf") || equal_ignoring_case(text, "infinity"))
    return {sign * F(__builtin_inf()), {}};
  if (equal_ignoring_case(text, "nan"))
    return {sign * F(__builtin_nan("")), {}};
  return {0, "invalid float literal"};
}

} // namespace decimal

/// Reads a float or a double, rounded correctly: decimal digits with an
/// optional sign, point and exponent, or inf, infinity, nan in any case.
template <class F>
requires(!integer<F>) parsed<F> parse(string_view text) {
  using bits = typename decimal::layout<F>::bits;
  constexpr parsed<F> invalid{0, "invalid float literal"};
  if (text.empty())
    return {0, "cannot parse float from empty string"};
  bool minus = text[0] == '-';
  text = text.substr(minus || text[0] == '+');
  decimal::significand w;
  auto i = w.read(text);
  bool digit = i > 0;
  int exponent = 0;
  if (i < text.size() && text[i] == '.') {
    auto fraction = w.read(text.substr(++i));
    digit |= fraction > 0;
    exponent = -int(fraction);
    i += fraction;
  }
  if (!digit)
    return decimal::word<F>(text, minus);
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
  if (F value; decimal::divide(w.value, w.dropped ? 1 : exponent, value))
    return {minus ? -value : value, {}};
  auto result = decimal::nearest<F>(w.value, exponent + w.dropped);
  if (w.tail
      && result != decimal::nearest<F>(w.value + 1, exponent + w.dropped))
    result += decimal::rounds_up<F>(digits, exponent, result);
  result |= bits{minus} << (8 * sizeof(F) - 1);
  return {__builtin_bit_cast(F, result), {}};
}

} // namespace edgeless
