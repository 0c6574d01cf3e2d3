// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"

#include <caf/timespan.hpp>

namespace edgeless {

/// A connection that is left alone for a while after it has failed: each
/// attempt may take as long as Redis may hang.
class redis_with_backoff {
public:
  explicit redis_with_backoff(std::unique_ptr<redis> acceptor)
    : acceptor_{std::move(acceptor)} {
    // nop
  }

  /// As redis::run(); an error at once while the pause lasts. `now` is any
  /// clock that does not go back.
  caf::expected<std::vector<redis_reply>>
  run(const std::vector<redis_command>& commands, caf::timespan now);

private:
  std::unique_ptr<redis> acceptor_;
  std::uint32_t failures_ = 0; ///< in a row
  caf::timespan not_before_{0};
};

} // namespace edgeless
