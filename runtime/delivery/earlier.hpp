// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <optional>

namespace edgeless {

/// The earlier of two times, each of which may be missing.
template <class T>
std::optional<T> earlier(const std::optional<T>& a, const std::optional<T>& b) {
  return a && b ? std::min(a, b) : a ? a : b;
}

} // namespace edgeless
