// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"

namespace edgeless {

/// Fewer commands that come to the same in the end: values for one list go
/// there together, and of several SET, LTRIM or EXPIRE of one key the last one
/// stays. Any other command keeps its place among those before and after.
std::vector<redis_command> merged(std::vector<redis_command> commands);

} // namespace edgeless
