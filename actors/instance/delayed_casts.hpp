// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/function_instance_actor.hpp"

#include <caf/actor_clock.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless {

/// The casts that a guest has scheduled, up to limits::delayed_casts. The actor
/// gets atom::due with the number of a cast when that is due.
class delayed_casts {
public:
  struct entry {
    std::string channel;
    std::string payload;
    /// Since when it is due and has found no room.
    std::optional<caf::actor_clock::time_point> blocked_since{};
  };

  explicit delayed_casts(function_instance_pointer self) : self_{self} {
    // nop
  }

  /// False: there are too many.
  bool add(std::chrono::milliseconds delay, std::string_view channel,
           std::string_view payload) {
    if (entries_.size() >= limits::delayed_casts)
      return false;
    entries_.emplace(++last_,
                     entry{std::string{channel}, std::string{payload}});
    self_->delayed_send(self_, delay, atom::due_v, last_);
    return true;
  }

  /// nullptr: it was cleared.
  entry* find(std::uint64_t number) {
    auto i = entries_.find(number);
    return i == entries_.end() ? nullptr : &i->second;
  }

  void erase(std::uint64_t number) {
    entries_.erase(number);
  }

  /// It has found no room: atom::due comes once more.
  void retry_later(std::uint64_t number, entry& x) {
    if (!x.blocked_since)
      x.blocked_since = self_->clock().now();
    self_->delayed_send(self_, limits::room_pause, atom::due_v, number);
  }

  /// It was due while the instance was frozen.
  void defer(std::uint64_t number) {
    deferred_.push_back(number);
  }
  std::vector<std::uint64_t> take_deferred() {
    return std::exchange(deferred_, {});
  }

  void clear() {
    entries_.clear();
    deferred_.clear();
  }

private:
  function_instance_pointer self_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, entry> entries_;
  std::vector<std::uint64_t> deferred_;
};

} // namespace edgeless
