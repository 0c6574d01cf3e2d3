// SPDX-License-Identifier: MIT
#include "actors/instance/function_instance.hpp"

#include <caf/send.hpp>

#include <cassert>

namespace edgeless {

function_instance::function_instance(caf::actor_config& config,
                                     function_options options)
  : sliced_actor{config}, options_{std::move(options)},
    queues_{options_.registry, options_.egress,      options_.id,
            options_.spec.id,  options_.room,        clock(),
            options_.policies, options_.stream_seed, options_.timeout},
    host_{*this, options_, queues_} {
  // nop
}

function_instance::behavior_type function_instance::make_behavior() {
  prepared_ = options_.code->instantiate(host_, options_.limits);
  // clang-format off
  return {
    [this](atom::deliver, events& x) { receive(std::move(x)); },
    [this](atom::activate, output_map& x, std::string& y, const instance_id& z) { return activate(std::move(x), std::move(y), z); },
    [this](atom::freeze) { return freeze(); },
    [this](atom::thaw) { thaw(); },
    [this](atom::hand_over, const endpoint& x, std::uint32_t y) { hand_over(x, y); },
    [this](atom::patch, output_map& x) { patch(std::move(x)); },
    [this](atom::fence, const fenced_sessions& x) { fence(x); },
    [this](atom::resume) { on_resumed(); phase_ == ended ? quit() : process(); },
    [this](atom::report) { process(); },
    [this](atom::tick) { on_tick(); },
    [this](atom::stop) { stop(); },
  };
  // clang-format on
}

caf::result<atom::ok>
function_instance::activate(output_map outputs, std::string state,
                            const instance_id& predecessor) {
  if (phase_ != prepared)
    return atom::ok_v;
  if (!prepared_) {
    auto reason = prepared_.error();
    end(drop_reason::stopped);
    return reason;
  }
  guest_.set(std::move(*prepared_));
  if (guest_.keeps_memory() && !state.empty()) {
    if (auto error = guest_.restore(state, host_.delayed))
      return end(drop_reason::stopped), error;
    host_.skip_init();
  } else {
    host_.set_state(std::move(state));
  }
  host_.observe(telemetry_kind::instantiated);
  host_.times.start();
  if (predecessor.instance)
    queues_.out.succeed(predecessor);
  predecessor_node_ = predecessor.node;
  queues_.out.patch(std::move(outputs));
  phase_ = initialising;
  activation_ = make_response_promise<atom::ok>();
  auto promise = activation_;
  process();
  return promise;
}

void function_instance::on_initialised() {
  assert(phase_ == initialising);
  phase_ = running;
  guest_.start();
  queues_.out.reliable().await_import();
  if (activation_.pending())
    activation_.deliver(atom::ok_v);
  host_.observe(telemetry_kind::initialised);
}

// -- events -------------------------------------------------------------------

void function_instance::receive(events batch) {
  queues_.in.expect(batch.size());
  for (auto& x : batch)
    take_up(std::move(x));
  process();
  if (queues_.in.has_acks())
    queues_.flush();
}

void function_instance::take_up(event x) {
  if (!is_answer(x.kind)) {
    if (queues_.add(std::move(x), phase_ == ended))
      host_.pressure.resume();
  } else if (host_.calls.is_waiting() && x.call == host_.calls.number()) {
    answer({x.kind, std::move(x.payload)});
  } else {
    options_.registry->counts.count_dropped(drop_reason::late_answer);
  }
}

void function_instance::patch(output_map outputs) {
  queues_.out.patch(std::move(outputs));
  host_.pressure.resume();
  process();
}

void function_instance::fence(const fenced_sessions& dead) {
  auto& registry = *options_.registry;
  if (host_.calls.is_waiting() && registry.is_lost(host_.calls.callee(), dead))
    answer({event_kind::error, {}});
  if (registry.is_lost(predecessor_node_, dead))
    queues_.in.on_predecessor_lost();
  process();
}

void function_instance::on_tick() {
  auto is_past = [now = clock().now()](auto& due) {
    return due && *due <= now;
  };
  if (is_past(host_.times.due()))
    host_.times.report();
  if (is_past(stop_deadline_))
    stop_by_force();
  if (auto due = host_.calls.due(); is_past(due))
    answer({event_kind::error, {}});
  host_.report_omitted_logs();
  host_.send_delayed();
  host_.pressure.resume();
  queues_.on_tick();
  if (phase_ == running)
    if (auto purpose = guest_.take_due())
      guest_.capture(*purpose);
  if (queues_.in.has_forwarding_timed_out())
    stop_forwarding();
  process();
}

// -- running the guest --------------------------------------------------------

/// Handles the events of the inbox, in the way that the phase requires.
void function_instance::process() {
  if (phase_ == ended) {
    queues_.in.clear(end_reason_);
    return;
  }
  if (queues_.in.is_forwarding())
    queues_.in.forward();
  if (guest_.is_hibernated() && needs_guest())
    wake_guest();
  if (can_run())
    run_guest();
  if (phase_ == forwarding && !guest_ && queues_.in.is_deserted()
      && !queues_.out.is_holding())
    end(drop_reason::stopped);
  if (phase_ == running)
    queues_.schedule(this, earlier(host_.due(), guest_.due()));
  else if (phase_ != ended)
    queues_.schedule(this, earlier(host_.due(), stop_deadline_));
}

/// A frozen guest still has to finish its handler, or the capture of its state.
bool function_instance::can_run() const {
  return guest_.is_awake() && !host_.calls.is_waiting()
         && !host_.pressure.is_suspended() && !has_yielded()
         && (phase_ != frozen || !guest_.is_at_rest());
}

/// Runs the guest for a time slice.
void function_instance::run_guest() {
  host_.times.begin_slice();
  auto where = guest_.run();
  host_.times.end_slice(guest_->memory());
  queues_.flush();
  if (auto handled = host_.take_handled(); handled > 0) {
    options_.registry->counts.count_handled(handled);
    guest_.on_handled(handled);
  }
  if (where == progress::dead)
    crash(guest_->fault());
  else if (host_.times.is_overdue())
    crash("an event took more than "
          + std::to_string(options_.limits.deadline.count()) + " ms");
  else if (where == progress::idle)
    on_idle();
  else if (where == progress::captured)
    on_captured();
  else if (where == progress::blocked)
    host_.pressure.suspend();
  else if (where == progress::waiting)
    host_.calls.wait();
  else if (where == progress::preempted)
    yield();
}

/// The guest has handled all its events.
void function_instance::on_idle() {
  if (phase_ == initialising) {
    // It continues from a state: there was no init hook.
    on_initialised();
    yield();
  } else if (saver_.on_rest()) {
    yield();
  }
  if (!host_.has_stopped())
    return;
  if (phase_ == forwarding)
    become_stub();
  else
    end(drop_reason::stopped);
}

void function_instance::on_captured() {
  auto is_idle = phase_ == running && queues_.in.empty();
  if (auto error = saver_.on_captured(is_idle))
    crash(explain(error));
  else if (guest_.is_capturing() || !is_idle)
    yield();
}

bool function_instance::needs_guest() const {
  return phase_ == stopping || phase_ == forwarding
         || (phase_ == running && !queues_.in.empty()
             && !guest_.is_wake_paused());
}

void function_instance::wake_guest() {
  auto error = guest_.wake(host_);
  if (error && phase_ != running)
    stop_by_force();
  else if (error && error != ec::exhausted)
    crash(explain(error));
}

/// The guest goes on with process().
void function_instance::answer(call_result result) {
  assert(guest_);
  host_.calls.finish();
  guest_->answer(std::move(result));
}

/// From a foreign thread, while the actor may be ending.
void function_instance::wake() {
  if (auto self = caf::weak_actor_ptr{ctrl()}.lock())
    caf::anon_send(caf::actor_cast<function_instance_actor>(self),
                   atom::report_v);
}

// -- migration ----------------------------------------------------------------

/// Effective when the handler in hand has returned, which may have to wait for
/// the reply to its call first.
caf::result<atom::ok> function_instance::freeze() {
  if (phase_ == frozen && saver_.is_freezing())
    return fail(ec::duplicate, "this instance is being frozen");
  if (phase_ == frozen || phase_ == forwarding)
    return atom::ok_v;
  if (phase_ != running)
    return fail(ec::unknown_instance, "this instance does not run");
  phase_ = frozen;
  queues_.out.flush();
  if (!host_.is_in_handler() && !guest_.keeps_memory())
    return atom::ok_v;
  auto promise = make_response_promise<atom::ok>();
  saver_.begin_freezing(promise);
  process();
  return promise;
}

void function_instance::thaw() {
  if (phase_ != frozen)
    return;
  phase_ = running;
  saver_.fail_freezing(fail(ec::stopping, "thawed before it was frozen"));
  host_.send_delayed();
  queues_.out.flush();
  process();
}

/// The waiting events go to the successor first. Then the guest stops, and the
/// events of its stop hook are the last ones of its outbox.
void function_instance::hand_over(const endpoint& to, std::uint32_t feeders) {
  if (phase_ != frozen || saver_.is_freezing())
    return;
  phase_ = forwarding;
  successor_ = to;
  host_.delayed.clear();
  queues_.in.hand_over(to, feeders, guest_.keeps_memory());
  // The successor is the same guest, which does not stop.
  if (guest_.keeps_memory())
    become_stub();
  process();
}

/// The guest has stopped: the instance only forwards from now on.
void function_instance::become_stub() {
  assert(phase_ == forwarding);
  if (!guest_)
    return;
  guest_.reset();
  host_.retire();
  stop_deadline_.reset();
  queues_.out.end(successor_);
}

void function_instance::stop_forwarding() {
  if (phase_ != forwarding)
    return;
  become_stub();
  end(drop_reason::stopped);
}

// -- the end ------------------------------------------------------------------

void function_instance::stop() {
  if (phase_ == stopping || phase_ == ended)
    return;
  if (phase_ == forwarding)
    return stop_forwarding();
  if (phase_ != running && phase_ != frozen) {
    if (activation_.pending())
      activation_.deliver(fail(ec::stopping, "stopped before its init ended"));
    end(drop_reason::stopped);
    return;
  }
  saver_.fail_freezing(fail(ec::stopping, "stopped before it was frozen"));
  phase_ = stopping;
  on_stopping();
  host_.pressure.resume();
  if (host_.calls.is_waiting())
    answer({event_kind::error, {}});
  process();
}

void function_instance::stop_by_force() {
  assert(phase_ == stopping || phase_ == forwarding);
  if (host_.is_in_handler() && host_.current_hook() != hook::stop)
    host_.observe(telemetry_kind::stopped,
                  "its handler did not return in time");
  if (phase_ == forwarding)
    become_stub();
  else
    end(drop_reason::stopped);
}

void function_instance::crash(const std::string& reason) {
  auto failed = fail(ec::guest_fault, reason);
  if (phase_ == forwarding) {
    host_.observe(telemetry_kind::stopped, explain(failed));
    become_stub();
    return;
  }
  saver_.fail_freezing(failed);
  options_.registry->counters.events_since_checkpoint += guest_.unsaved();
  if (activation_.pending())
    activation_.deliver(failed);
  else if (phase_ != stopping)
    caf::anon_send(options_.node, atom::exited_v, options_.id, explain(failed));
  host_.observe(telemetry_kind::exited, explain(failed));
  end(drop_reason::crashed);
}

void function_instance::end(drop_reason reason) {
  if (reason != drop_reason::crashed)
    host_.observe(telemetry_kind::exited);
  release(reason);
  // The events that are in the mailbox by now are counted before the end.
  send(this, atom::resume_v);
}

void function_instance::release(drop_reason reason) {
  assert(phase_ != ended);
  phase_ = ended;
  end_reason_ = reason;
  stop_deadline_.reset();
  queues_.close();
  host_.report_omitted_logs(true);
  options_.registry->histograms.close(options_.id);
  host_.times.report();
  host_.abort(reason);
  queues_.in.acknowledge();
  queues_.in.clear(reason);
  queues_.out.clear(reason);
  queues_.out.flush();
  prepared_ = nullptr;
  guest_.reset();
  // CAF 0.17: a pending promise refers to its own actor, which would live on.
  activation_ = {};
  saver_.clear();
}

void function_instance::on_exit() {
  if (phase_ != ended)
    release(drop_reason::crashed);
  queues_.count_undelivered(end_reason_);
}

} // namespace edgeless
