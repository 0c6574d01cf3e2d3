// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/redis/client.hpp"
#include "runtime/redis/domain_mirror.hpp"

#include <optional>
#include <utility>

namespace edgeless {

/// Searches Redis, step by step, for keys of the mirror that are not part of
/// its state: those that were deleted while Redis was away may have survived,
/// or have come back with a snapshot.
class stale_key_search {
public:
  void start() {
    cursor_ = "0";
    rounds_ = 0;
  }

  void stop() {
    cursor_.reset();
    deletions_.clear();
  }

  bool is_done() const {
    return !cursor_ && deletions_.empty();
  }

  /// The commands that delete what was found so far.
  std::vector<redis_command> take_deletions() {
    return std::exchange(deletions_, {});
  }

  /// The next SCAN, unless all keys have been seen.
  std::optional<redis_command> scan() const;

  /// Evaluates the reply to it. False: the search ends, as Redis has more keys
  /// than limits::redis_rounds allow to look at.
  bool collect(const redis_reply& found, const mirror& state);

private:
  std::optional<std::string> cursor_;
  std::size_t rounds_ = 0;
  std::vector<redis_command> deletions_;
};

} // namespace edgeless
