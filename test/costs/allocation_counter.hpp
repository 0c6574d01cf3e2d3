// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace edgeless::test {

/// How often this program has allocated memory so far, by new, malloc, calloc
/// or realloc, in any library. Replaces these functions: a program of its own.
std::uint64_t allocations();

} // namespace edgeless::test
