// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

/// What libFuzzer calls with bytes of its own making. The target may refuse
/// them, but not crash, hang, read beyond them or break a promise.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes,
                                      std::size_t size);

namespace edgeless::fuzz {

inline std::string_view text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

/// A promise: ends the run where it is broken, with the input at hand.
inline void promise(bool kept) {
  if (!kept)
    std::abort();
}

} // namespace edgeless::fuzz
