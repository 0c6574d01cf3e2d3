// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/function_instance_actor.hpp"

#include <caf/actor_clock.hpp>

#include <cassert>

namespace edgeless {

/// The call whose reply a guest waits for, at most one. The actor gets
/// atom::expire with a number at the deadline.
class outstanding_call {
public:
  outstanding_call(function_instance_pointer self, caf::timespan timeout)
    : self_{self}, timeout_{timeout} {
    // nop
  }

  /// Returns the number of a new call to an instance of that node.
  std::uint64_t begin(const node_id& callee) {
    assert(!waiting_);
    callee_ = callee;
    deadline_ = self_->clock().now() + timeout_;
    ++number_;
    // One timer serves many calls: on_timer() starts it again.
    if (!timer_armed_)
      arm_timer(timeout_);
    return number_;
  }

  std::uint64_t number() const {
    return number_;
  }

  /// The guest waits for the reply.
  void wait() {
    assert(number_ > 0);
    waiting_ = true;
  }
  bool is_waiting() const {
    return waiting_;
  }
  bool awaits(std::uint64_t number) const {
    return waiting_ && number == number_;
  }
  const node_id& callee() const {
    return callee_;
  }
  void finish() {
    waiting_ = false;
  }

  /// True: the call has timed out.
  bool on_timer(std::uint64_t number) {
    timer_armed_ = false;
    if (!waiting_)
      return false;
    auto now = self_->clock().now();
    if (now >= deadline_ && number <= number_)
      return true;
    arm_timer(deadline_ - now);
    return false;
  }

private:
  void arm_timer(caf::timespan delay) {
    timer_armed_ = true;
    self_->delayed_send(self_, delay, atom::expire_v, number_);
  }

  function_instance_pointer self_;
  caf::timespan timeout_;
  bool waiting_ = false;
  bool timer_armed_ = false;
  std::uint64_t number_ = 0;
  node_id callee_;
  caf::actor_clock::time_point deadline_;
};

} // namespace edgeless
