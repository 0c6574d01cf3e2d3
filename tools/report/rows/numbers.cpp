// SPDX-License-Identifier: MIT
#include "tools/report/harness/baselines/sdk_natively.hpp"
#include "tools/report/harness/in_process/guest_harness.hpp"
#include "tools/report/harness/in_process/modules.hpp"
#include "tools/report/harness/interleave.hpp"
#include "tools/report/parts.hpp"

#include "messages/errors.hpp"

#include <charconv>
#include <cstring>
#include <functional>
#include <random>

namespace edgeless::benchmark {

namespace {

/// Numbers per event.
constexpr std::size_t amount = 1000;

template <class T>
std::vector<T> random_numbers() {
  std::mt19937_64 random_source{42};
  std::vector<T> result(amount);
  for (auto& x : result)
    if constexpr (std::is_integral_v<T>)
      x = static_cast<T>(random_source() >> random_source() % 64);
    else
      x = std::uniform_real_distribution<T>{0, 1}(random_source);
  return result;
}

/// What a native program does.
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

/// Native code that does the same as a function: the standard library, and the
/// source of the SDK.
struct native_code {
  std::string name; ///< of the function of the standard library
  std::function<void()> library, sdk;
};

constexpr int events_per_sample = 20;

/// Seconds per number.
caf::expected<std::vector<double>> time_native(const std::function<void()>& f) {
  auto seconds = seconds_of([&] {
    for (int k = 0; k < events_per_sample; ++k)
      f();
  });
  return std::vector{seconds / events_per_sample / amount};
}

/// Seconds per number of the SDK, compiled natively and in the engine; measured
/// in turns with the standard library.
rows compare_with_native(const plan& how, const std::string& what,
                         guest_harness& guest, const std::string& event,
                         const native_code& native) {
  baseline library{native.name + ", native"};
  auto in_engine = [&]() -> caf::expected<std::vector<double>> {
    if (auto seconds = guest.handle(events_per_sample, event))
      return std::vector{*seconds / amount};
    return fail(ec::guest_fault, guest.fault());
  };
  auto result = interleave(
    how.repeats(30), 3,
    {{{},
      [&] {
        return time_native(native.library);
      }},
     {{"compiled natively, the SDK " + what, unit::seconds, {}, library},
      [&] {
        return time_native(native.sdk);
      }},
     {{"without checks, a function " + what, unit::seconds, {}, library},
      in_engine}});
  result.erase(result.begin());
  return result;
}

template <class T>
void measure(const plan& how, guest_harness& guest, const std::string& name,
             char letter, rows& result) {
  auto values = random_numbers<T>();
  std::size_t sum = 0; // keeps the compiler from removing the work
  append(result, compare_with_native(
                   how, "prints " + name, guest, letter + bytes_of(values),
                   {"std::to_chars", [&] { sum += printed(values).size(); },
                    [&] {
                      sum += printed_by_sdk(values).size();
                    }}));
  auto capital = static_cast<char>(letter - 'a' + 'A');
  // As the SDK prints them: without exponents.
  auto own = guest.last_cast();
  append(result, compare_with_native(how, "reads " + name, guest, capital + own,
                                     {"std::from_chars",
                                      [&] { sum += read<T>(own).size(); },
                                      [&] {
                                        sum += read_by_sdk<T>(own).size();
                                      }}));
  if (sum == 0 || guest.last_cast() != bytes_of(values)
      || read_by_sdk<T>(printed_by_sdk(values)) != values)
    result.back().failure = "parsed numbers differ from printed ones";
}

} // namespace

rows numbers(const plan& how, guest_engine& engine) {
  guest_harness guest{engine, numbers_module(), ""};
  rows result;
  measure<double>(how, guest, "a double of 0 to 1", 'd', result);
  measure<float>(how, guest, "a float of 0 to 1", 'f', result);
  measure<std::int64_t>(how, guest, "an integer", 'i', result);
  return result;
}

} // namespace edgeless::benchmark
