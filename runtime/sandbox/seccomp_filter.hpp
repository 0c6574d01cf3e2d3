// SPDX-License-Identifier: MIT
#pragma once

namespace edgeless {

/// Installs a seccomp filter for this process, which must have one thread. From
/// now on it may compute, allocate memory, wait on a futex, write to the
/// eventfd `wakeup` and exit. Any other system call kills it: no files, no
/// network, no executable memory, no other process. Cannot be undone. False if
/// the system does not support it.
bool confine_to_computing(int wakeup);

} // namespace edgeless
