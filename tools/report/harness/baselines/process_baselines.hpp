// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/plan.hpp"

/// What the operating system achieves without EDGELESS.
namespace edgeless::benchmark {

/// Seconds from the start to the end of a child process that does nothing.
row child_process(const plan& how);

/// Seconds from a SIGKILL to the end of a connection of the killed process.
row kill_to_eof(const plan& how);

/// Seconds to write 4 KiB to the disk and fsync them.
row synced_write(const plan& how);

/// Resident bytes per mapping of 64 KiB of which one page is touched.
double bytes_per_mapping(std::size_t mappings);

} // namespace edgeless::benchmark
