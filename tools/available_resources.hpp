// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/resource_settings.hpp"

#include <ostream>
#include <vector>

namespace edgeless {

/// Prints the classes of resources that a node can provide, in the format of
/// EDGELESS: as text, or as one line of JSON. The classes that call serverless
/// functions have the names in its file.
void print_available_resources(std::ostream& out, bool as_json,
                               const std::vector<serverless_settings>& more);

} // namespace edgeless
