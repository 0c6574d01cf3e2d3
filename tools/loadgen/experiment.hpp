// SPDX-License-Identifier: MIT
#pragma once

#include "tools/loadgen/options.hpp"

namespace edgeless::benchmark {

/// Runs an experiment as EDGELESS' edgeless_benchmark does, and prints what it
/// has come to. An error says what is missing or wrong with the options, or
/// that something cannot be written. Signals are blocked already.
caf::error run_experiment(const load_options& x);

} // namespace edgeless::benchmark
