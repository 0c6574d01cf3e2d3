// SPDX-License-Identifier: MIT
#pragma once

#include "messages/limits.hpp"

#include <caf/actor_clock.hpp>

#include <algorithm>
#include <cassert>
#include <map>
#include <optional>
#include <string>

namespace edgeless {

/// The casts that a guest has scheduled, up to limits::delayed_casts and a
/// number of bytes.
class delayed_casts {
public:
  using time_point = caf::actor_clock::time_point;

  struct entry {
    std::string channel;
    std::string payload;
    /// Since when it is due and has found no room.
    std::optional<time_point> blocked_since{};
  };

  explicit delayed_casts(std::size_t max_bytes = limits::delayed_bytes)
    : max_bytes_{std::min(max_bytes, limits::delayed_bytes)} {
    // nop
  }

  /// False: there are too many.
  bool add(time_point when, entry x) {
    auto bytes = bytes_of(x);
    if (entries_.size() >= limits::delayed_casts || bytes > max_bytes_ - bytes_)
      return false;
    bytes_ += bytes;
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
    auto x = std::move(entries_.extract(entries_.begin()).mapped());
    assert(bytes_ >= bytes_of(x));
    bytes_ -= bytes_of(x);
    return x;
  }

  /// Calls `visit(when, entry)` for each, the first one first.
  template <class F>
  void for_each(F visit) const {
    for (auto& [when, x] : entries_)
      visit(when, x);
  }

  void clear() {
    entries_.clear();
    bytes_ = 0;
  }

private:
  static std::size_t bytes_of(const entry& x) {
    return x.channel.size() + x.payload.size();
  }

  std::size_t max_bytes_;
  std::size_t bytes_ = 0;                    ///< of all entries
  std::multimap<time_point, entry> entries_; ///< in order, also if equally due
};

} // namespace edgeless
