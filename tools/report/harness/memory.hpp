// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>

namespace edgeless::benchmark {

/// The main function of the child that measures the memory of idle instances:
/// prints bytes per instance and per mapping, or "error" and the reason.
/// Returns its exit code.
int run_idle(std::size_t instances, const std::filesystem::path& cache);

} // namespace edgeless::benchmark
