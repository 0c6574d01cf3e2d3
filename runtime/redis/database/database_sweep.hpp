// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"

#include <cstddef>

namespace edgeless {

struct sweep_result {
  /// The whole database was flushed; otherwise Redis refused that, and the own
  /// keys were deleted one by one.
  bool is_flushed = false;
  std::size_t deleted = 0;
  std::size_t foreign = 0; ///< keys that stay
  /// False: Redis has more keys than limits::redis_rounds allow to look at.
  bool is_complete = true;
};

/// Removes what earlier runs have left in a database: all keys, as EDGELESS
/// does, or where FLUSHDB does not exist or is forbidden, the keys of this
/// project. Blocks. An error: Redis cannot be reached or refuses that, too.
caf::expected<sweep_result> sweep_database(redis& connection);

} // namespace edgeless
