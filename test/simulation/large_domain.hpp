// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace edgeless::test {

/// Forms a domain of that size, starts that many functions, and kills a tenth
/// of its nodes at once. Prints how long each step took on the machine's clock,
/// and the memory in use. Whether each function runs exactly once in the end.
bool simulate_large_domain(std::size_t nodes, std::size_t functions);

} // namespace edgeless::test
