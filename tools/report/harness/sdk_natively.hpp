// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace edgeless::benchmark {

/// The numbers as the SDK prints them, a comma behind each: its source as a
/// part of this program. Of int64_t, and of floats and doubles of 0 to 1.
template <class T>
std::string printed_by_sdk(const std::vector<T>& values);

/// And back.
template <class T>
std::vector<T> read_by_sdk(const std::string& text);

} // namespace edgeless::benchmark
