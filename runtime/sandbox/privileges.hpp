// SPDX-License-Identifier: MIT
#pragma once

namespace edgeless {

/// Drops what a child process inherits and does not need: capabilities, for
/// itself and for what it might execute, supplementary groups, and the
/// namespaces of network, mounts, host name, control groups and IPC, which it
/// replaces by empty ones where the system permits it. The process must have
/// one thread. Cannot be undone. False: the process has kept a capability.
bool drop_privileges();

/// When memory runs out, the system ends this process before others: it holds
/// one guest or one module, its parent a node.
void prefer_for_oom_kill();

} // namespace edgeless
