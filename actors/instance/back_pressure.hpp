// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/function_instance_actor.hpp"
#include "actors/instance/reliable_channels.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace edgeless {

/// The suspension of a guest whose cast was refused by a full channel, and the
/// timer for reliable channels: the actor gets atom::retry. No thread waits:
/// the guest repeats the cast when it runs again.
class back_pressure {
public:
  using time_point = caf::actor_clock::time_point;

  back_pressure(function_instance_pointer self, caf::timespan timeout)
    : self_{self}, timeout_{timeout} {
    // nop
  }

  /// Whether the next cast may be refused: not for longer than the timeout.
  blocking mode() const {
    return has_timed_out(refused_since_) ? blocking::timed_out
                                         : blocking::allowed;
  }
  bool has_timed_out(const std::optional<time_point>& since) const {
    return since && self_->clock().now() - *since >= timeout_;
  }

  /// The outcome of a cast.
  void on_cast(bool sent) {
    if (sent)
      refused_since_.reset();
    else if (!refused_since_)
      refused_since_ = self_->clock().now();
  }

  /// The guest is suspended until resume(), at most until the timeout.
  void suspend(const std::optional<time_point>& retry_due) {
    suspended_ = true;
    refused_since_ = refused_since_.value_or(self_->clock().now());
    auto deadline = *refused_since_ + timeout_;
    retry_at(std::min(deadline, retry_due.value_or(deadline)));
  }
  bool is_suspended() const {
    return suspended_;
  }
  /// False: it was not suspended.
  bool resume() {
    return std::exchange(suspended_, false);
  }

  /// Sends atom::retry at that time, or earlier.
  void retry_at(const std::optional<time_point>& when) {
    if (!when || (retry_at_ && *retry_at_ <= *when))
      return;
    retry_at_ = when;
    self_->delayed_send(self_, *when - self_->clock().now(), atom::retry_v);
  }
  void on_retry() {
    if (retry_at_ && self_->clock().now() >= *retry_at_)
      retry_at_.reset();
  }

private:
  function_instance_pointer self_;
  caf::timespan timeout_;
  bool suspended_ = false;
  std::optional<time_point> refused_since_;
  std::optional<time_point> retry_at_;
};

} // namespace edgeless
