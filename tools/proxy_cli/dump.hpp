// SPDX-License-Identifier: MIT
#pragma once

#include "tools/proxy_cli/store.hpp"

#include <ostream>

namespace edgeless {

/// Writes the performance samples of each instance to a file in the working
/// directory, METRIC-PHYSICAL_ID.dat, with lines VALUE,TIMESTAMP; prints the
/// name of each file to `out`.
caf::error dump_performance(store& from, std::ostream& out);

} // namespace edgeless
