// SPDX-License-Identifier: MIT
#include "tools/report/harness/in_process/guest_harness.hpp"
#include "tools/report/harness/in_process/modules.hpp"

#include "runtime/wasm/engine.hpp"

#include <doctest/doctest.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <random>

using namespace edgeless;
using namespace edgeless::benchmark;

namespace {

constexpr std::size_t amount = 10'000;

/// Runs a function that prints and parses numbers with the SDK.
struct numbers_guest {
  std::string handle(const std::string& event) {
    auto taken = guest.handle(1, event);
    REQUIRE_MESSAGE(taken, guest.fault());
    return guest.last_cast();
  }

  std::unique_ptr<guest_engine> engine = make_wasm_engine({});
  guest_harness guest{*engine, numbers_module(), ""};
};

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()),
          values.size() * sizeof(T)};
}

/// Of random bits, so that all exponents are equally likely.
template <class F, class Bits>
std::vector<F> finite_numbers(std::mt19937_64& random_source) {
  std::vector<F> result;
  while (result.size() < amount) {
    auto bits = static_cast<Bits>(random_source());
    F x;
    std::memcpy(&x, &bits, sizeof(x));
    if (std::isfinite(x))
      result.push_back(x);
  }
  return result;
}

/// The digits without trailing zeros, and the exponent of the last one.
std::pair<std::string, int> parts_of(std::string text) {
  int exponent = 0;
  if (auto at = text.find('e'); at != std::string::npos) {
    exponent = std::stoi(text.substr(at + 1));
    text.resize(at);
  }
  if (auto at = text.find('.'); at != std::string::npos) {
    exponent -= static_cast<int>(text.size() - at - 1);
    text.erase(at, 1);
  }
  text.erase(0, std::min(text.find_first_not_of('0'), text.size()));
  while (!text.empty() && text.back() == '0') {
    text.pop_back();
    ++exponent;
  }
  return {text, text.empty() ? 0 : exponent};
}

template <class F>
std::string scientific(F x, int precision = -1) {
  char buffer[1200];
  auto end = std::end(buffer);
  auto made = precision < 0
                ? std::to_chars(buffer, end, x, std::chars_format::scientific)
                : std::to_chars(buffer, end, x, std::chars_format::scientific,
                                precision);
  return {buffer, made.ptr};
}

/// Whether the number lies halfway between its two candidates for the shortest
/// digits: std::to_chars takes the even one, the SDK the upper one, as Rust
/// does.
template <class F>
bool is_halfway(F x, const std::string& digits) {
  auto exact = parts_of(scientific(std::abs(x), 1100)).first;
  return exact.size() == digits.size() + 1 && exact.back() == '5';
}

template <class F, class Bits>
void check_printing(char letter, int rounds) {
  numbers_guest x;
  std::mt19937_64 random_source{7};
  auto capital = static_cast<char>(letter - 'a' + 'A');
  for (int round = 0; round < rounds; ++round) {
    auto values = finite_numbers<F, Bits>(random_source);
    auto text = x.handle(letter + bytes_of(values));
    REQUIRE(x.handle(capital + text) == bytes_of(values));
    std::string_view rest = text;
    for (auto value : values) {
      auto own = std::string{rest.substr(0, rest.find(','))};
      rest.remove_prefix(own.size() + 1);
      auto sign = own[0] == '-';
      auto printed = parts_of(own.substr(sign));
      auto expected = parts_of(scientific(std::abs(value)));
      bool same = printed == expected
                  || (printed.first.size() == expected.first.size()
                      && is_halfway(value, printed.first));
      if (!same || sign != std::signbit(value))
        FAIL(own << " is not " << scientific(value));
    }
  }
}

/// With decimals that have more and fewer digits than necessary.
template <class F, class Bits>
void check_parsing(char letter, int rounds) {
  numbers_guest x;
  std::mt19937_64 random_source{8};
  for (int round = 0; round < rounds; ++round) {
    std::string text;
    std::vector<F> expected;
    for (auto value : finite_numbers<F, Bits>(random_source)) {
      auto digits = scientific(value, static_cast<int>(random_source() % 30));
      F read{};
      auto made
        = std::from_chars(digits.data(), digits.data() + digits.size(), read);
      if (made.ec != std::errc{})
        continue; // Rounded up to infinity.
      text += digits + ",";
      expected.push_back(read);
    }
    REQUIRE(x.handle(letter + text) == bytes_of(expected));
  }
}

} // namespace

TEST_CASE(
  "sdk numbers: prints the shortest digits of a double that round-trip") {
  check_printing<double, std::uint64_t>('d', 50);
}

TEST_CASE(
  "sdk numbers: prints the shortest digits of a float that round-trip") {
  check_printing<float, std::uint32_t>('f', 50);
}

TEST_CASE("sdk numbers: parses doubles like std::from_chars") {
  check_parsing<double, std::uint64_t>('D', 50);
}

TEST_CASE("sdk numbers: parses floats like std::from_chars") {
  check_parsing<float, std::uint32_t>('F', 50);
}

TEST_CASE("sdk numbers: prints and parses integers of any length") {
  numbers_guest x;
  std::mt19937_64 random_source{9};
  std::vector<std::int64_t> values{0,           9,         10,       99'999'999,
                                   100'000'000, INT64_MAX, INT64_MIN};
  while (values.size() < amount)
    values.push_back(static_cast<std::int64_t>(random_source())
                     >> random_source() % 64);
  std::string expected;
  for (auto value : values)
    expected += std::to_string(value) + ",";
  CHECK(x.handle("i" + bytes_of(values)) == expected);
  CHECK(x.handle("I" + expected) == bytes_of(values));
}

TEST_CASE("sdk numbers: prints doubles without exponents and without redundant "
          "zeros") {
  numbers_guest x;
  std::vector<double> values{0,   -0.5,   1,      12.25,       1234567.875,
                             100, 1e21,   0.0075, 1e-9,        1e23,
                             0.1, 1.5e16, -7e8,   98765432.125};
  CHECK(x.handle("d" + bytes_of(values))
        == "0,-0.5,1,12.25,1234567.875,100,1000000000000000000000,0.0075,"
           "0.000000001,100000000000000000000000,0.1,15000000000000000,"
           "-700000000,98765432.125,");
}

TEST_CASE(
  "sdk numbers: a failed check of malformed numbers traps the function") {
  for (auto text : {"D1.2.3,", "D.,", "D1e,", "D12345678x,", "I12345678x,",
                    "I9223372036854775808,", "I-,"}) {
    numbers_guest x;
    CHECK_FALSE(x.guest.handle(1, text));
  }
}
