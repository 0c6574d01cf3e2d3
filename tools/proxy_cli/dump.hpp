// SPDX-License-Identifier: MIT
#pragma once

#include "tools/proxy_cli/store.hpp"

#include <ostream>

namespace edgeless {

/// Writes the performance samples of each instance to a file in the working
/// directory, METRIC-PHYSICAL_ID.dat, with lines VALUE,TIMESTAMP; prints the
/// name of each file to `out`.
caf::error dump_performance(store& from, std::ostream& out);

/// Prints all performance samples as CSV: metric,name,lid,timestamp,value. The
/// name is that of the component's class; both are empty for an instance that
/// is not there any more.
caf::error dump_performance_csv(store& from, std::ostream& out);

/// Writes the specification of each component to a file in the working
/// directory, fun-LOGICAL_ID.json or res-LOGICAL_ID.json; prints the name of
/// each file to `out`.
caf::error dump_instances(store& from, std::ostream& out);

} // namespace edgeless
