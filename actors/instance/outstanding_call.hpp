// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"

#include <caf/actor_clock.hpp>

#include <cassert>
#include <optional>

namespace edgeless {

/// The call whose reply a guest waits for, at most one; or its sleep, a call
/// without a callee.
class outstanding_call {
public:
  using time_point = caf::actor_clock::time_point;

  /// Returns the number of a new call to an instance of that node.
  std::uint64_t begin(const node_id& callee, time_point deadline) {
    assert(!waiting_);
    callee_ = callee;
    deadline_ = deadline;
    return ++number_;
  }
  /// The last call was sent, and the guest waits for its reply.
  void wait() {
    assert(number_ > 0);
    waiting_ = true;
  }
  void finish() {
    waiting_ = false;
  }

  std::uint64_t number() const {
    return number_;
  }
  const node_id& callee() const {
    return callee_;
  }
  bool is_waiting() const {
    return waiting_;
  }
  /// When it times out; nullopt: there is no call.
  std::optional<time_point> due() const {
    return waiting_ ? std::optional{deadline_} : std::nullopt;
  }

private:
  bool waiting_ = false;
  std::uint64_t number_ = 0; ///< never decreases
  node_id callee_;
  time_point deadline_;
};

} // namespace edgeless
