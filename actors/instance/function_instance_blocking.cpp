// SPDX-License-Identifier: MIT
#include "actors/instance/function_instance.hpp"

#include <algorithm>

namespace edgeless {

/// Neither init nor stop waits for anybody: others wait for them.
outbox::timeout function_instance::timeout() const {
  if (!in_handler_ || ending() || current_.kind == hook::init
      || current_.kind == hook::stop)
    return outbox::timeout::none;
  if (blocked_since_
      && clock().now() - *blocked_since_ >= options_.limits.call_deadline)
    return outbox::timeout::ended;
  return outbox::timeout::some;
}

/// No thread waits: the guest casts the same once more when something was
/// confirmed, or when it has waited for too long.
void function_instance::block() {
  blocked_ = true;
  blocked_since_ = blocked_since_.value_or(clock().now());
  auto deadline = *blocked_since_ + options_.limits.call_deadline;
  retry_at(std::min(deadline, outbox_.due().value_or(deadline)));
}

void function_instance::unblock() {
  if (std::exchange(blocked_, false))
    drive();
}

void function_instance::retry() {
  if (retry_at_ && clock().now() >= *retry_at_)
    retry_at_.reset();
  if (phase_ == phase::over)
    return;
  outbox_.retry();
  outbox_.flush();
  unblock();
  retry_when_due();
  leave_if_deserted();
}

void function_instance::retry_when_due() {
  if (auto due = outbox_.due())
    retry_at(*due);
}

void function_instance::retry_at(caf::actor_clock::time_point when) {
  if (retry_at_ && *retry_at_ <= when)
    return;
  retry_at_ = when;
  delayed_send(this, when - clock().now(), atom::retry_v);
}

} // namespace edgeless
