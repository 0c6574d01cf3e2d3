// SPDX-License-Identifier: MIT
#pragma once

#include <caf/actor_clock.hpp>

#include <cassert>
#include <optional>
#include <utility>

namespace edgeless {

/// The suspension of a guest whose cast was refused by a full channel. No
/// thread waits: the guest repeats the cast when it runs again.
class back_pressure {
public:
  using time_point = caf::actor_clock::time_point;

  void on_sent() {
    refused_since_.reset();
  }
  void on_refused(time_point now) {
    if (!refused_since_)
      refused_since_ = now;
  }
  /// Since when the same cast has been refused; nullopt: it has not.
  const std::optional<time_point>& refused_since() const {
    return refused_since_;
  }

  void suspend() {
    assert(refused_since_);
    suspended_ = true;
  }
  void resume() {
    suspended_ = false;
  }
  bool is_suspended() const {
    return suspended_;
  }

private:
  bool suspended_ = false;
  std::optional<time_point> refused_since_;
};

} // namespace edgeless
