// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace edgeless::test {

/// A whole domain forms, hosts so many functions, loses a tenth of its nodes
/// at once and settles. Prints what each step took, and the memory. True if
/// everything is where it should be at the end.
bool simulate_domain(std::size_t nodes, std::size_t functions);

} // namespace edgeless::test
