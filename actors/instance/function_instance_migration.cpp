// SPDX-License-Identifier: MIT
#include "actors/instance/function_instance.hpp"

#include <caf/send.hpp>

namespace edgeless {

/// Effective when the handler in hand has returned, which may wait for the
/// answer to its call first.
caf::result<atom::ok> function_instance::freeze() {
  if (phase_ == phase::frozen && freezing_.pending())
    return fail(ec::duplicate, "this instance is being frozen");
  if (phase_ == phase::frozen || phase_ == phase::forwarding)
    return atom::ok_v;
  if (phase_ != phase::running)
    return fail(ec::unknown_instance, "this instance does not run");
  phase_ = phase::frozen;
  outbox_.flush();
  if (!in_handler_)
    return atom::ok_v;
  freezing_ = make_response_promise<atom::ok>();
  return freezing_;
}

void function_instance::thaw() {
  if (phase_ != phase::frozen)
    return;
  phase_ = phase::running;
  if (freezing_.pending())
    freezing_.deliver(fail(ec::stopping, "thawed before it was frozen"));
  for (auto number : std::exchange(overdue_, {}))
    fall_due(number);
  drive();
}

/// What waits goes first: the successor has nothing to do without it. Then the
/// guest stops, and with what it says last its outputs end.
void function_instance::hand_over(const endpoint& to, std::uint32_t feeders) {
  if (phase_ != phase::frozen || freezing_.pending())
    return;
  phase_ = phase::forwarding;
  successor_ = to;
  delayed_.clear();
  overdue_.clear();
  inbox_.hand_over(to, feeders);
  delayed_send(this, limits::hand_over, atom::hand_over_v);
  drive();
}

void function_instance::pass_on() {
  inbox_.pass_on();
  leave_if_deserted();
}

/// The guest is done; what remains is a letter box.
void function_instance::retire() {
  guest_.reset();
  waiting_ = false;
  in_handler_ = false;
  outbox_.end(successor_);
  leave_if_deserted();
}

void function_instance::leave_if_deserted() {
  if (phase_ == phase::forwarding && !guest_ && inbox_.deserted()
      && !outbox_.holding())
    leave(drop_reason::stopped);
}

void function_instance::stop_passing_on() {
  if (phase_ != phase::forwarding)
    return;
  if (guest_)
    retire();
  if (phase_ == phase::forwarding)
    leave(drop_reason::stopped);
}

void function_instance::watch_holds() {
  inbox_.expire();
  if (phase_ == phase::over)
    inbox_.clear(end_);
  else if (inbox_.handed_over())
    pass_on();
  else
    drive();
  watching_holds_ = false;
  if (auto due = inbox_.due()) {
    watching_holds_ = true;
    delayed_send(this, *due - clock().now(), atom::tick_v);
  }
}

} // namespace edgeless
