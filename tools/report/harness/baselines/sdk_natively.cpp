// SPDX-License-Identifier: MIT

// The namespace of the SDK is `edgeless`, too.
#define edgeless sdk
#include "functions/sdk/printing.hpp"
#include "functions/sdk/reading.hpp"
#undef edgeless

#include "tools/report/harness/baselines/sdk_natively.hpp"

#include <cstring>
#include <type_traits>

namespace edgeless::benchmark {

template <class T>
std::string printed_by_sdk(const std::vector<T>& values) {
  std::string result(values.size() * 64, '\0');
  auto at = result.data();
  for (auto x : values) {
    if constexpr (std::is_integral_v<T>) {
      if (x < 0)
        *at++ = '-';
      auto bits = static_cast<std::uint64_t>(x);
      at = sdk::decimal::write(at, x < 0 ? -bits : bits);
    } else {
      typename sdk::decimal::layout<T>::bits bits;
      std::memcpy(&bits, &x, sizeof(x));
      at = sdk::decimal::write(at, sdk::decimal::shortest<T>(bits));
    }
    *at++ = ',';
  }
  result.resize(at - result.data());
  return result;
}

template <class T>
std::vector<T> read_by_sdk(const std::string& text) {
  std::vector<T> result;
  result.reserve(text.size() / 2);
  for (auto at = text.data(), end = at + text.size(); at < end; ++at) {
    auto comma = static_cast<const char*>(std::memchr(at, ',', end - at));
    result.push_back(
      sdk::parse<T>({at, static_cast<std::size_t>(comma - at)}).value);
    at = comma;
  }
  return result;
}

template std::string printed_by_sdk(const std::vector<double>&);
template std::string printed_by_sdk(const std::vector<float>&);
template std::string printed_by_sdk(const std::vector<std::int64_t>&);
template std::vector<double> read_by_sdk(const std::string&);
template std::vector<float> read_by_sdk(const std::string&);
template std::vector<std::int64_t> read_by_sdk(const std::string&);

} // namespace edgeless::benchmark
