// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"

#include <caf/timespan.hpp>

namespace edgeless {

/// A circuit breaker around a connection: after a failure, calls fail at once
/// until an exponential back-off has passed, since each attempt may block for
/// limits::redis.
class redis_with_backoff {
public:
  explicit redis_with_backoff(std::unique_ptr<redis> connection)
    : connection_{std::move(connection)} {
    // nop
  }

  /// As redis::run(); an error at once during the back-off. `now` is the time
  /// by any monotonic clock.
  caf::expected<std::vector<redis_reply>>
  run(const std::vector<redis_command>& commands, caf::timespan now);

private:
  std::unique_ptr<redis> connection_;
  std::uint32_t failures_ = 0; ///< consecutive
  caf::timespan not_before_{0};
};

} // namespace edgeless
