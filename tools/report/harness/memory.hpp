// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>

namespace edgeless::benchmark {

/// What the child does that counts the memory of idle instances: prints bytes
/// per instance, and per mapping; or "error" and why. Its exit code.
int run_idle(std::size_t instances, const std::filesystem::path& cache);

} // namespace edgeless::benchmark
