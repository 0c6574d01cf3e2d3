// SPDX-License-Identifier: MIT
#pragma once

namespace edgeless {

/// Installs a seccomp filter for this process, which must have one thread. From
/// now on it may compute, allocate memory, wait on a futex, write to the
/// eventfd `wakeup`, read the file `pages` (its own page map; -1: none) and
/// exit. Any other system call kills it: no other files, no network, no
/// executable memory, no other process. Cannot be undone. False if the system
/// does not support it.
bool confine_to_computing(int wakeup, int pages = -1);

} // namespace edgeless
