// SPDX-License-Identifier: MIT
#pragma once

#include "messages/limits.hpp"

#include <caf/actor_clock.hpp>

#include <map>
#include <optional>
#include <string>

namespace edgeless {

/// The casts that a guest has scheduled, up to limits::delayed_casts.
class delayed_casts {
public:
  using time_point = caf::actor_clock::time_point;

  struct entry {
    std::string channel;
    std::string payload;
    /// Since when it is due and has found no room.
    std::optional<time_point> blocked_since{};
  };

  /// False: there are too many.
  bool add(time_point when, entry x) {
    if (entries_.size() >= limits::delayed_casts)
      return false;
    entries_.emplace(when, std::move(x));
    return true;
  }

  std::optional<time_point> due() const {
    if (entries_.empty())
      return std::nullopt;
    return entries_.begin()->first;
  }

  /// Removes the first cast that is due.
  std::optional<entry> take(time_point now) {
    if (entries_.empty() || entries_.begin()->first > now)
      return std::nullopt;
    return std::move(entries_.extract(entries_.begin()).mapped());
  }

  void clear() {
    entries_.clear();
  }

private:
  std::multimap<time_point, entry> entries_; ///< in order, also if equally due
};

} // namespace edgeless
