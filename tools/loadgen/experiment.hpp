// SPDX-License-Identifier: MIT
#pragma once

#include "tools/loadgen/options.hpp"

namespace edgeless::benchmark {

/// Runs an experiment as EDGELESS' edgeless_benchmark does, and prints its
/// final report. An error names the option, the file or the controller that is
/// the reason. SIGINT and SIGTERM must have been blocked (see block_signals).
caf::error run_experiment(const load_options& x);

} // namespace edgeless::benchmark
