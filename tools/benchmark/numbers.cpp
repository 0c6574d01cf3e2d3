// SPDX-License-Identifier: MIT
#include <charconv>
#include <cstring>
#include <random>

#include "tools/benchmark/lone_guest.hpp"
#include "tools/benchmark/modules.hpp"
#include "tools/benchmark/parts.hpp"

namespace edgeless::benchmark {

namespace {

/// As many as an event has.
constexpr std::size_t amount = 1000;

template <class T>
std::vector<T> random_numbers() {
  std::mt19937_64 chance{42};
  std::vector<T> result(amount);
  for (auto& x : result)
    if constexpr (std::is_integral_v<T>)
      x = static_cast<T>(chance() >> chance() % 64);
    else
      x = std::uniform_real_distribution<T>{0, 1}(chance);
  return result;
}

/// What a program without any guest does with them.
template <class T>
std::string printed(const std::vector<T>& values) {
  std::string result(values.size() * 32, '\0');
  auto at = result.data();
  for (auto x : values) {
    at = std::to_chars(at, result.data() + result.size(), x).ptr;
    *at++ = ',';
  }
  result.resize(at - result.data());
  return result;
}

template <class T>
std::vector<T> read(const std::string& text) {
  std::vector<T> result;
  result.reserve(text.size() / 2);
  for (auto at = text.data(), end = at + text.size(); at < end; ++at) {
    T value{};
    at = std::from_chars(at, end, value).ptr;
    result.push_back(value);
  }
  return result;
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()),
          values.size() * sizeof(T)};
}

/// Both in turn, per number; `native` does the same as the guest.
template <class F>
row beside(const plan& how, const std::string& what, const std::string& floor,
           lone_guest& guest, const std::string& event, F native) {
  constexpr int events = 20;
  row result{what, unit::seconds};
  std::vector<double> bare;
  for (std::size_t i = 0; i < how.repeats(30) + 3; ++i) {
    auto alone = seconds_of([&] {
      for (int k = 0; k < events; ++k)
        native();
    });
    auto taken = guest.handle(events, event);
    if (!taken)
      result.failure = guest.fault();
    else if (i >= 3) {
      result.samples.push_back(*taken / amount);
      bare.push_back(alone / events / amount);
    }
  }
  result.floor = {floor, median(bare)};
  return result;
}

template <class T>
void measure(const plan& how, lone_guest& guest, const std::string& name,
             char letter, rows& result) {
  auto values = random_numbers<T>();
  auto text = printed(values);
  std::size_t sum = 0; // So that nothing is left out.
  result.push_back(beside(
    how, "without checks, a function prints " + name, "std::to_chars, native",
    guest, letter + bytes_of(values), [&] { sum += printed(values).size(); }));
  auto capital = static_cast<char>(letter - 'a' + 'A');
  // As it prints them itself: without exponents.
  auto own = guest.said();
  result.push_back(beside(how, "without checks, a function reads " + name,
                          "std::from_chars, native", guest, capital + own,
                          [&] { sum += read<T>(own).size(); }));
  if (sum == 0 || guest.said() != bytes_of(values))
    result.back().failure = "what was read is not what was printed";
}

} // namespace

rows numbers(const plan& how, guest_engine& engine) {
  lone_guest guest{engine, numbers_module(), ""};
  rows result;
  measure<double>(how, guest, "a double of 0 to 1", 'd', result);
  measure<float>(how, guest, "a float of 0 to 1", 'f', result);
  measure<std::int64_t>(how, guest, "an integer", 'i', result);
  return result;
}

} // namespace edgeless::benchmark
