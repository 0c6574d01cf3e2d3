// SPDX-License-Identifier: MIT
#include "actors/instance/function_instance.hpp"

#include <caf/send.hpp>

namespace edgeless {

void function_instance::stop() {
  if (phase_ == phase::stopping || phase_ == phase::over)
    return;
  if (phase_ == phase::forwarding) {
    stop_passing_on();
    return;
  }
  if (phase_ != phase::running && phase_ != phase::frozen) {
    if (activation_.pending())
      activation_.deliver(fail(ec::stopping, "stopped before its init ended"));
    leave(drop_reason::stopped);
    return;
  }
  if (freezing_.pending())
    freezing_.deliver(fail(ec::stopping, "stopped before it was frozen"));
  phase_ = phase::stopping;
  grant_time_to_stop();
  blocked_ = false;
  if (waiting_)
    answer({event_kind::error, {}});
  else
    drive();
}

void function_instance::grant_time_to_stop() {
  stop_deadline_ = clock().now() + limits::stop_grace;
  delayed_send(this, limits::stop_grace, atom::drop_v);
}

void function_instance::stop_by_force() {
  if (phase_ == phase::over || clock().now() < stop_deadline_)
    return;
  if (in_handler_ && current_.kind != hook::stop && !stop_hook_ran_)
    observe(telemetry_kind::stopped, "its handler did not return in time");
  if (phase_ == phase::forwarding)
    retire();
  else
    leave(drop_reason::stopped);
}

void function_instance::crash(const std::string& reason) {
  auto failed = fail(ec::guest_fault, reason);
  if (phase_ == phase::forwarding) {
    observe(telemetry_kind::stopped, explain(failed));
    retire();
    return;
  }
  if (freezing_.pending())
    freezing_.deliver(failed);
  if (activation_.pending())
    activation_.deliver(failed);
  else if (phase_ != phase::stopping)
    caf::anon_send(options_.node, atom::exited_v, options_.id, explain(failed));
  observe(telemetry_kind::exited, explain(failed));
  leave(drop_reason::crashed);
}

void function_instance::leave(drop_reason reason) {
  if (reason != drop_reason::crashed)
    observe(telemetry_kind::exited);
  give_up(reason);
  // What is in the mailbox by now is taken up, and counted, before the end.
  send(this, atom::proceed_v);
}

void function_instance::give_up(drop_reason reason) {
  waiting_ = false;
  blocked_ = false;
  phase_ = phase::over;
  end_ = reason;
  options_.room->close();
  options_.registry->remove(options_.id);
  options_.registry->histograms.close(options_.id);
  tell_times();
  if (caller_) {
    auto call = *std::exchange(caller_, std::nullopt);
    outbox_.send(call.source, make_error_reply(call, self_id()));
  }
  if (in_handler_
      && (current_.kind == hook::cast || current_.kind == hook::call))
    options_.registry->counts.count_dropped(reason);
  // Its source knows best how often that has happened.
  if (in_handler_ && receipt_.stream != 0 && reason == drop_reason::crashed) {
    auto x = outbox_.make(event_kind::trapped, {});
    x.stream = receipt_.stream;
    x.number = receipt_.number;
    outbox_.send(receipt_.source, std::move(x));
  }
  inbox_.confirm();
  inbox_.clear(reason);
  outbox_.clear(reason);
  outbox_.flush();
  delayed_.clear();
  overdue_.clear();
  unborn_ = nullptr;
  guest_.reset();
}

void function_instance::observe(telemetry_kind kind, std::string text) {
  telemetry_event x;
  x.kind = kind;
  x.source = self_id();
  x.class_id = options_.spec.class_id;
  x.text = std::move(text);
  caf::anon_send(options_.telemetry, std::move(x));
}

/// Whoever ends it, what it had is counted.
void function_instance::on_exit() {
  if (phase_ != phase::over)
    give_up(drop_reason::crashed);
  // Whatever was admitted and is not here by now has been sent too late.
  options_.registry->counts.count_dropped(end_, options_.room->events());
  outbox_.forget();
}

} // namespace edgeless
