// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

/// Figures of a process from /proc.
namespace edgeless::benchmark {

/// Processor seconds so far, summed over its threads.
double processor_time(pid_t process);

/// Resident bytes; 0 once the process has ended.
double resident_bytes(pid_t process);

} // namespace edgeless::benchmark
