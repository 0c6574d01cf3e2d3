// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/guest.hpp"

#include "messages/interfaces.hpp"

namespace edgeless {

/// The COMPILER of a node. Spawned by the function PROVIDER, asked only by it;
/// spends its life waiting for child processes, on a thread of its own.
compiler_actor::behavior_type compiler(compiler_actor::pointer self,
                                       std::shared_ptr<guest_engine> engine);

} // namespace edgeless
