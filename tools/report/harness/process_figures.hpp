// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

/// What the system knows of a process, ours or one that we started.
namespace edgeless::benchmark {

/// Seconds on a processor so far, by all threads that it has.
double processor_time(pid_t process);

/// Bytes of memory in use; 0 once it has ended.
double resident_bytes(pid_t process);

} // namespace edgeless::benchmark
