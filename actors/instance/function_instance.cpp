// SPDX-License-Identifier: MIT
#include "actors/instance/function_instance.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <cassert>

namespace edgeless {

namespace {

/// How long a turn may last while the guest's calls fail at once.
constexpr auto turn = std::chrono::milliseconds{5};

} // namespace

function_instance::function_instance(caf::actor_config& config,
                                     function_options options)
  : function_instance_actor::base{config}, options_{std::move(options)},
    queues_{options_.registry, options_.egress,     options_.id,
            options_.spec.id,  options_.room,       clock(),
            options_.policies, options_.stream_seed},
    host_{this, *this, options_, queues_} {
  // nop
}

const char* function_instance::name() const {
  return "instance";
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
    [this](atom::proceed) { yielded_ = false; phase_ == instance_phase::ended ? quit() : drive(); },
    [this](atom::due, std::uint64_t x) { send_delayed(x); },
    [this](atom::expire, std::uint64_t x) { if (host_.calls.on_timer(x)) answer({event_kind::error, {}}); },
    [this](atom::expire) { expire_held(); },
    [this](atom::report) { drive(); },
    [this](atom::retry) { retry(); },
    [this](atom::drain) { host_.times.report(); },
    [this](atom::tick) { release_expired(); },
    [this](atom::hand_over) { stop_forwarding(); },
    [this](atom::drop) { stop_by_force(); },
    [this](atom::stop) { stop(); },
  };
  // clang-format on
}

/// A preempted guest must not go on in the same turn, or it would keep its
/// thread for as long as the mailbox has messages.
caf::resumable::resume_result
function_instance::resume(caf::execution_unit* unit,
                          std::size_t max_throughput) {
  turn_ended_ = false;
  for (std::size_t i = 0; i < max_throughput; ++i) {
    auto result = function_instance_actor::base::resume(unit, 1);
    if (result != resumable::resume_later || turn_ended_)
      return result;
  }
  return resumable::resume_later;
}

caf::result<atom::ok>
function_instance::activate(output_map outputs, std::string state,
                            const instance_id& predecessor) {
  if (phase_ != instance_phase::prepared)
    return atom::ok_v;
  if (!prepared_) {
    auto reason = prepared_.error();
    end(drop_reason::stopped);
    return reason;
  }
  guest_ = std::move(*prepared_);
  assert(guest_);
  host_.observe(telemetry_kind::instantiated);
  host_.times.start();
  if (predecessor.instance)
    queues_.out.succeed(predecessor);
  predecessor_node_ = predecessor.node;
  queues_.out.patch(std::move(outputs));
  phase_ = instance_phase::initialising;
  host_.set_state(std::move(state));
  activation_ = make_response_promise<atom::ok>();
  auto promise = activation_;
  drive();
  return promise;
}

void function_instance::on_initialised() {
  if (phase_ == instance_phase::initialising)
    phase_ = instance_phase::running;
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
  queues_.schedule_release(this);
  if (queues_.in.has_acks()) {
    queues_.in.acknowledge();
    queues_.out.flush();
  }
}

void function_instance::take_up(event x) {
  switch (x.kind) {
  case event_kind::cast:
  case event_kind::call:
  case event_kind::marker:
  case event_kind::known:
    queues_.in.add(std::move(x));
    return;
  case event_kind::handled:
  case event_kind::trapped:
  case event_kind::kept:
    // After the export, the streams belong to the successor.
    if (queues_.out.ended() || phase_ == instance_phase::ended) {
      queues_.in.add(std::move(x));
      return;
    }
    if (x.kind == event_kind::kept)
      queues_.out.reliable().import_event(std::move(x));
    else
      queues_.out.reliable().on_ack(x);
    queues_.out.flush();
    resume_guest();
    return;
  case event_kind::reply:
  case event_kind::no_reply:
  case event_kind::error:
    if (host_.calls.awaits(x.call))
      answer({x.kind, std::move(x.payload)});
    else
      options_.registry->counts.count_dropped(drop_reason::late_answer);
  }
}

void function_instance::patch(output_map outputs) {
  queues_.out.patch(std::move(outputs));
  schedule_retry();
  resume_guest();
  end_if_deserted();
}

void function_instance::fence(const fenced_sessions& dead) {
  // A former session of this node does not concern its present instances.
  auto is_dead = [&](const node_id& peer) {
    return peer && peer != options_.registry->self
           && std::ranges::any_of(dead,
                                  [&](auto& x) { return x.node == peer; });
  };
  if (host_.calls.is_waiting() && is_dead(host_.calls.callee()))
    answer({event_kind::error, {}});
  if (is_dead(predecessor_node_)) {
    queues_.in.on_predecessor_lost();
    release_expired();
  }
}

void function_instance::send_delayed(std::uint64_t number) {
  auto* x = host_.delayed.find(number);
  if (!x)
    return;
  if (phase_ == instance_phase::frozen) {
    host_.delayed.defer(number);
    return;
  }
  if (!host_.send_delayed(*x)) {
    host_.delayed.retry_later(number, *x);
    return;
  }
  host_.delayed.erase(number);
  queues_.out.flush();
  schedule_retry();
  drive();
}

void function_instance::expire_held() {
  expiry_scheduled_ = queues_.out.expire(clock().now() - options_.timeout);
  if (expiry_scheduled_)
    delayed_send(this, options_.timeout / 2, atom::expire_v);
}

/// Reliable channels may have credit by now.
void function_instance::retry() {
  host_.pressure.on_retry();
  if (phase_ == instance_phase::ended)
    return;
  queues_.out.reliable().retry();
  queues_.out.flush();
  resume_guest();
  schedule_retry();
  end_if_deserted();
}

void function_instance::schedule_retry() {
  host_.pressure.retry_at(queues_.out.reliable().due());
}

// -- running the guest --------------------------------------------------------

/// Handles the events of the inbox, in whatever way the phase requires.
void function_instance::process() {
  if (phase_ == instance_phase::ended) {
    queues_.in.clear(end_reason_);
  } else if (queues_.in.is_forwarding()) {
    queues_.in.forward();
    end_if_deserted();
  } else {
    drive();
  }
}

void function_instance::drive() {
  if (!guest_ || host_.calls.is_waiting() || host_.pressure.is_suspended()
      || yielded_ || phase_ == instance_phase::ended
      || (phase_ == instance_phase::frozen && !host_.is_in_handler()))
    return;
  auto start = std::chrono::steady_clock::now();
  for (;;) {
    auto where = run_slice();
    if (where == progress::dead) {
      crash(guest_->fault());
      return;
    }
    if (host_.times.is_overdue()) {
      crash("an event took more than "
            + std::to_string(options_.limits.deadline.count()) + " ms");
      return;
    }
    switch (where) {
    case progress::idle:
      on_idle();
      return;
    case progress::working:
      return;
    case progress::blocked:
      host_.pressure.suspend(queues_.out.reliable().due());
      return;
    case progress::waiting:
      if (!is_call_refused()) {
        host_.calls.wait();
        return;
      }
      guest_->answer({event_kind::error, {}});
      if (std::chrono::steady_clock::now() - start < turn)
        break;
      [[fallthrough]];
    default:
      yield();
      return;
    }
  }
}

progress function_instance::run_slice() {
  host_.times.begin_slice();
  auto where = guest_->run();
  host_.times.end_slice();
  queues_.flush();
  options_.registry->counts.count_handled(host_.take_handled());
  if (where != progress::blocked)
    schedule_retry();
  if (!expiry_scheduled_ && queues_.out.is_holding()) {
    expiry_scheduled_ = true;
    delayed_send(this, options_.timeout, atom::expire_v);
  }
  return where;
}

/// Other actors run first. Events that arrive meanwhile give the guest no other
/// slice, or a flood of events would delay a stop.
void function_instance::yield() {
  turn_ended_ = true;
  yielded_ = true;
  send(this, atom::proceed_v);
}

/// The guest has handled all its events.
void function_instance::on_idle() {
  if (freezing_.pending())
    freezing_.deliver(atom::ok_v);
  if (!host_.has_stopped())
    return;
  if (phase_ == instance_phase::forwarding)
    become_stub();
  else
    end(drop_reason::stopped);
}

void function_instance::answer(call_result result) {
  host_.calls.finish();
  guest_->answer(std::move(result));
  drive();
}

bool function_instance::is_call_refused() {
  auto refused = queues_.sender().take_refused();
  return std::ranges::count(refused, host_.calls.number()) > 0;
}

void function_instance::resume_guest() {
  if (host_.pressure.resume())
    drive();
}

// -- migration ----------------------------------------------------------------

/// Effective when the handler in hand has returned, which may have to wait for
/// the reply to its call first.
caf::result<atom::ok> function_instance::freeze() {
  if (phase_ == instance_phase::frozen && freezing_.pending())
    return fail(ec::duplicate, "this instance is being frozen");
  if (phase_ == instance_phase::frozen || phase_ == instance_phase::forwarding)
    return atom::ok_v;
  if (phase_ != instance_phase::running)
    return fail(ec::unknown_instance, "this instance does not run");
  phase_ = instance_phase::frozen;
  queues_.out.flush();
  if (!host_.is_in_handler())
    return atom::ok_v;
  freezing_ = make_response_promise<atom::ok>();
  return freezing_;
}

void function_instance::thaw() {
  if (phase_ != instance_phase::frozen)
    return;
  phase_ = instance_phase::running;
  if (freezing_.pending())
    freezing_.deliver(fail(ec::stopping, "thawed before it was frozen"));
  for (auto number : host_.delayed.take_deferred())
    send_delayed(number);
  drive();
}

/// The waiting events go to the successor first. Then the guest stops, and the
/// events of its stop hook are the last ones of its outbox.
void function_instance::hand_over(const endpoint& to, std::uint32_t feeders) {
  if (phase_ != instance_phase::frozen || freezing_.pending())
    return;
  phase_ = instance_phase::forwarding;
  successor_ = to;
  host_.delayed.clear();
  queues_.hand_over(this, to, feeders);
  drive();
}

/// The guest has stopped: the instance is a forwarding stub from now on.
void function_instance::become_stub() {
  assert(phase_ == instance_phase::forwarding);
  if (!guest_)
    return;
  guest_.reset();
  host_.retire();
  queues_.out.end(successor_);
  end_if_deserted();
}

void function_instance::end_if_deserted() {
  if (phase_ == instance_phase::forwarding && !guest_
      && queues_.in.is_deserted() && !queues_.out.is_holding())
    end(drop_reason::stopped);
}

void function_instance::stop_forwarding() {
  if (phase_ != instance_phase::forwarding)
    return;
  become_stub();
  if (phase_ == instance_phase::forwarding)
    end(drop_reason::stopped);
}

void function_instance::release_expired() {
  queues_.release_expired();
  process();
  queues_.schedule_release(this);
}

// -- the end ------------------------------------------------------------------

void function_instance::stop() {
  switch (phase_) {
  case instance_phase::stopping:
  case instance_phase::ended:
    return;
  case instance_phase::forwarding:
    stop_forwarding();
    return;
  case instance_phase::prepared:
  case instance_phase::initialising:
    if (activation_.pending())
      activation_.deliver(fail(ec::stopping, "stopped before its init ended"));
    end(drop_reason::stopped);
    return;
  case instance_phase::running:
  case instance_phase::frozen:
    break;
  }
  if (freezing_.pending())
    freezing_.deliver(fail(ec::stopping, "stopped before it was frozen"));
  phase_ = instance_phase::stopping;
  on_stopping();
  host_.pressure.resume();
  if (host_.calls.is_waiting())
    answer({event_kind::error, {}});
  else
    drive();
}

/// The handler in hand, and the stop hook after it, get limits::stop_grace
/// each.
void function_instance::on_stopping() {
  stop_deadline_ = clock().now() + limits::stop_grace;
  delayed_send(this, limits::stop_grace, atom::drop_v);
}

void function_instance::stop_by_force() {
  if (phase_ == instance_phase::ended || clock().now() < stop_deadline_)
    return;
  if (host_.is_in_handler() && host_.current_hook() != hook::stop
      && !host_.has_stopped())
    host_.observe(telemetry_kind::stopped,
                  "its handler did not return in time");
  if (phase_ == instance_phase::forwarding)
    become_stub();
  else
    end(drop_reason::stopped);
}

void function_instance::crash(const std::string& reason) {
  auto failed = fail(ec::guest_fault, reason);
  if (phase_ == instance_phase::forwarding) {
    host_.observe(telemetry_kind::stopped, explain(failed));
    become_stub();
    return;
  }
  if (freezing_.pending())
    freezing_.deliver(failed);
  if (activation_.pending())
    activation_.deliver(failed);
  else if (phase_ != instance_phase::stopping)
    caf::anon_send(options_.node, atom::exited_v, options_.id, explain(failed));
  host_.observe(telemetry_kind::exited, explain(failed));
  end(drop_reason::crashed);
}

void function_instance::end(drop_reason reason) {
  if (reason != drop_reason::crashed)
    host_.observe(telemetry_kind::exited);
  release(reason);
  // The events that are in the mailbox by now are counted before the end.
  send(this, atom::proceed_v);
}

/// Counts everything that the instance has, and gives it up.
void function_instance::release(drop_reason reason) {
  assert(phase_ != instance_phase::ended);
  phase_ = instance_phase::ended;
  end_reason_ = reason;
  queues_.close();
  options_.registry->histograms.close(options_.id);
  host_.times.report();
  host_.abort(reason);
  queues_.in.acknowledge();
  queues_.in.clear(reason);
  queues_.out.clear(reason);
  queues_.out.flush();
  prepared_ = nullptr;
  guest_.reset();
}

void function_instance::on_exit() {
  if (phase_ != instance_phase::ended)
    release(drop_reason::crashed);
  queues_.count_undelivered(end_reason_);
}

} // namespace edgeless
