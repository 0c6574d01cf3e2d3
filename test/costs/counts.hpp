// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace edgeless::test {

/// How often this program has asked for memory so far: by new, malloc, calloc
/// or realloc, ours, CAF's or the engine's. Which is why it is a program of its
/// own.
std::uint64_t allocations();

} // namespace edgeless::test
