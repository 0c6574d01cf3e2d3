// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"

namespace edgeless {

/// Fewer commands with the same final effect: values for one list are pushed by
/// one command, and of several SET, LTRIM or EXPIRE of one key the last one
/// remains. Any other command keeps its place among those before and after it.
std::vector<redis_command> merge_commands(std::vector<redis_command> commands);

} // namespace edgeless
