// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/metrics/resource_counters.hpp"

#include <filesystem>

namespace edgeless {

/// The class file-pusher: casts the files of a folder to its output `out`, one
/// each period, in the order of their names, again and again. Files that are
/// added take part from the next round on.
resource_class file_pusher(std::filesystem::path folder,
                           resource_counters_ptr counters);

} // namespace edgeless
