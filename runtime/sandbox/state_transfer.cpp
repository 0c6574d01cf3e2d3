// SPDX-License-Identifier: MIT
#include "runtime/sandbox/state_transfer.hpp"

#include "messages/errors.hpp"

namespace edgeless {

bool state_receiver::take(guest_frame kind, const guest_body& body) {
  if (result_)
    return false;
  if (kind == guest_frame::state_end)
    return take_end(body);
  if (kind == guest_frame::state_head && !state_) {
    auto head = decode_state_head(body.rest);
    if (head)
      state_ = std::move(*head);
    return static_cast<bool>(head);
  }
  if (kind != guest_frame::state_runs || !state_
      || body.rest.size() > max_bytes_ - state_->runs.size())
    return false;
  state_->runs += body.rest;
  return true;
}

/// Only two errors are expected: others could mislead the node.
bool state_receiver::take_end(const guest_body& body) {
  if (body.numbers[0] != 0) {
    auto is_too_large
      = body.numbers[0] == static_cast<std::uint64_t>(ec::exhausted);
    result_ = fail(is_too_large ? ec::exhausted : ec::bad_module,
                   std::string{body.rest});
    return true;
  }
  if (!state_ || !are_valid_runs(state_->runs, state_->memory))
    return false;
  result_ = std::move(*state_);
  return true;
}

} // namespace edgeless
