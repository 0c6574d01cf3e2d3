// SPDX-License-Identifier: MIT
#include "runtime/redis/redis_with_backoff.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>

namespace edgeless {

caf::expected<std::vector<redis_reply>>
redis_with_backoff::run(const std::vector<redis_command>& commands,
                        caf::timespan now) {
  if (now < not_before_)
    return fail(ec::unreachable, "Redis failed recently: not tried again yet");
  auto replies = connection_->run(commands);
  if (replies) {
    failures_ = 0;
    return replies;
  }
  auto pause = std::min<caf::timespan>(limits::redis_pause_min
                                         * (1 << std::min(failures_, 10u)),
                                       limits::redis_pause_max);
  ++failures_;
  not_before_ = now + pause;
  return replies;
}

} // namespace edgeless
