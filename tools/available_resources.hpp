// SPDX-License-Identifier: MIT
#pragma once

#include <ostream>

namespace edgeless {

/// Prints the classes of resources that a node can provide, in the format of
/// EDGELESS: as text, or as one line of JSON.
void print_available_resources(std::ostream& out, bool as_json);

} // namespace edgeless
