// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace edgeless::benchmark {

/// Prints numbers, each followed by a comma, with the source of the SDK
/// compiled into this program. For int64_t, and for floats and doubles from 0
/// to 1.
template <class T>
std::string printed_by_sdk(const std::vector<T>& values);

/// Parses what printed_by_sdk() returns.
template <class T>
std::vector<T> read_by_sdk(const std::string& text);

} // namespace edgeless::benchmark
