// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wasm/guest.hpp"

#include "messages/interfaces.hpp"

namespace edgeless {

/// A COMPILER of a node, for guests with the isolation `where`. Spawned by the
/// function PROVIDER when it is first needed, and used only by it. It runs on a
/// thread of its own, since it blocks while it reads from the disk, or while a
/// child process compiles.
compiler_actor::behavior_type compiler(compiler_actor::pointer self,
                                       std::shared_ptr<guest_engine> engine,
                                       isolation where);

} // namespace edgeless
