// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/wasm/guest.hpp"

#include "messages/interfaces.hpp"

namespace edgeless {

/// A COMPILER of a node, for guests that run there. Spawned by the function
/// PROVIDER when it is first needed, asked only by it; spends its life waiting
/// for child processes, on a thread of its own.
compiler_actor::behavior_type compiler(compiler_actor::pointer self,
                                       std::shared_ptr<guest_engine> engine,
                                       isolation where);

} // namespace edgeless
