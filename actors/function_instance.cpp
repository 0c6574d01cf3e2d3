// SPDX-License-Identifier: MIT
#include "actors/function_instance.hpp"

#include <caf/send.hpp>

namespace edgeless {

namespace {

/// How long one turn may last while the guest is answered synchronously.
constexpr auto turn = std::chrono::milliseconds{5};

} // namespace

function_instance::function_instance(caf::actor_config& config,
                                     function_birth birth)
  : function_instance_actor::base{config}, birth_{std::move(birth)},
    outbox_{birth_.hood, birth_.links, self_id(), birth_.spec.id, clock()} {
  // nop
}

/// Whoever ends it, what it had is counted.
void function_instance::on_exit() {
  if (phase_ != phase::over)
    give_up(drop_reason::crashed);
  // Whatever was admitted and is not here by now has been sent too late.
  birth_.hood->counts.count_dropped(end_, birth_.room->events());
  outbox_.forget();
}

const char* function_instance::name() const {
  return "instance";
}

function_instance::behavior_type function_instance::make_behavior() {
  // clang-format off
  return {
    [this](atom::deliver, events& x) { receive(std::move(x)); },
    [this](atom::activate, output_map& x, std::string& y, const instance_id&) { return activate(std::move(x), std::move(y)); },
    [](atom::freeze) -> caf::result<atom::ok> { return fail(ec::bad_input, "not yet"); },
    [](atom::thaw) {},
    [](atom::hand_over, const endpoint&, std::uint32_t) {},
    [this](atom::patch, output_map& x) { patch(std::move(x)); },
    [this](atom::fence, const node_id& x) { fence(x); },
    [this](atom::proceed) { proceed(); },
    [this](atom::due, std::uint64_t x) { fall_due(x); },
    [this](atom::expire, std::uint64_t x) { check_call(x); },
    [this](atom::expire) { expire(); },
    [this](atom::drain) { telling_times_ = false; tell_times(); },
    [this](atom::drop) { stop_by_force(); },
    [this](atom::stop) { stop(); },
  };
  // clang-format on
}

/// A preempted guest must not go on in the same turn, or it would keep its
/// thread for as long as it has messages.
caf::resumable::resume_result
function_instance::resume(caf::execution_unit* unit,
                          std::size_t max_throughput) {
  gave_up_turn_ = false;
  for (std::size_t i = 0; i < max_throughput; ++i) {
    auto result = function_instance_actor::base::resume(unit, 1);
    if (result != resumable::resume_later || gave_up_turn_)
      return result;
  }
  return resumable::resume_later;
}

// -- verbs --------------------------------------------------------------------

caf::result<atom::ok> function_instance::activate(output_map outputs,
                                                  std::string state) {
  if (phase_ != phase::born)
    return atom::ok_v;
  auto made = birth_.code->instantiate(*this, birth_.limits);
  if (!made) {
    auto reason = made.error();
    leave(drop_reason::stopped);
    return reason;
  }
  guest_ = std::move(*made);
  observe(telemetry_kind::instantiated);
  auto& hood = *birth_.hood;
  if (hood.samples_wanted || hood.meters_wanted)
    watch_.start(hood.meters_wanted
                   ? hood.meters.open(birth_.id, birth_.spec.function_type)
                   : nullptr,
                 hood.samples_wanted);
  outbox_.patch(std::move(outputs));
  phase_ = phase::initialising;
  current_.state = std::move(state);
  activation_ = make_response_promise<atom::ok>();
  auto promise = activation_;
  drive();
  return promise;
}

void function_instance::receive(events batch) {
  for (auto& x : batch) {
    if (takes_room(x)) {
      inbox_.push_back(std::move(x));
    } else if (waiting_ && x.call == calls_) {
      answer({x.kind, std::move(x.payload)});
    } else {
      birth_.hood->counts.count_dropped(drop_reason::late_answer);
    }
  }
  if (phase_ == phase::over)
    clear_inbox(end_);
  else
    drive();
}

void function_instance::patch(output_map outputs) {
  outbox_.patch(std::move(outputs));
}

void function_instance::fence(const node_id& peer) {
  if (waiting_ && callee_ == peer)
    answer({event_kind::error, {}});
}

void function_instance::fall_due(std::uint64_t number) {
  auto i = delayed_.find(number);
  if (i == delayed_.end())
    return;
  auto x = std::move(i->second);
  delayed_.erase(i);
  cast(x.channel, x.payload);
  outbox_.flush();
  drive();
}

void function_instance::check_call(std::uint64_t number) {
  call_timer_armed_ = false;
  if (!waiting_)
    return;
  auto now = clock().now();
  if (now >= call_deadline_ && number <= calls_) {
    answer({event_kind::error, {}});
    return;
  }
  call_timer_armed_ = true;
  delayed_send(this, call_deadline_ - now, atom::expire_v, calls_);
}

void function_instance::expire() {
  expiring_ = outbox_.expire(clock().now() - birth_.patience);
  if (expiring_)
    delayed_send(this, birth_.patience / 2, atom::expire_v);
}

void function_instance::stop() {
  if (phase_ == phase::stopping || phase_ == phase::over)
    return;
  if (phase_ != phase::running) {
    if (activation_.pending())
      activation_.deliver(fail(ec::stopping, "stopped before its init ended"));
    leave(drop_reason::stopped);
    return;
  }
  phase_ = phase::stopping;
  grant_time_to_stop();
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
  leave(drop_reason::stopped);
}

// -- running the guest --------------------------------------------------------

void function_instance::proceed() {
  yielded_ = false;
  if (phase_ != phase::over) {
    drive();
    return;
  }
  quit();
}

void function_instance::drive() {
  if (!guest_ || waiting_ || yielded_ || phase_ == phase::over)
    return;
  auto start = std::chrono::steady_clock::now();
  for (;;) {
    auto where = run_slice();
    if (where == progress::dead) {
      crash(guest_->fault());
      return;
    }
    if (busy_ > birth_.limits.deadline) {
      crash("an event took more than "
            + std::to_string(birth_.limits.deadline.count()) + " ms");
      return;
    }
    switch (where) {
    case progress::idle:
      if (stop_hook_ran_)
        leave(drop_reason::stopped);
      return;
    case progress::waiting:
      waiting_ = !call_was_refused();
      if (waiting_)
        return;
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
  auto taken = events_taken_;
  auto start = std::chrono::steady_clock::now();
  watch_.enter();
  auto where = guest_->run();
  watch_.leave();
  auto slice = std::chrono::steady_clock::now() - start;
  // Only slices that began within the event in hand count against it.
  busy_ = taken == events_taken_ ? busy_ + slice : slice.zero();
  outbox_.flush();
  birth_.hood->counts.count_handled(std::exchange(handled_, 0));
  if (!expiring_ && outbox_.holding()) {
    expiring_ = true;
    delayed_send(this, birth_.patience, atom::expire_v);
  }
  if (watch_.waiting() > 0 && !telling_times_) {
    telling_times_ = true;
    delayed_send(this, limits::samples_pause, atom::drain_v);
  }
  return where;
}

/// A few times a second, whatever happens: of many, only the newest are wanted.
void function_instance::tell_times() {
  auto& hood = *birth_.hood;
  auto seconds = watch_.take();
  auto lost = watch_.take_omitted();
  if (!seconds.empty()
      && hood.sample_room->take(seconds.size() * sizeof(double)))
    caf::anon_send(birth_.telemetry,
                   execution_times{birth_.id, std::move(seconds)});
  else
    lost += seconds.size();
  if (lost > 0)
    hood.tally.samples_omitted.fetch_add(lost, std::memory_order_relaxed);
}

/// Others first; what arrives meanwhile does not give the guest another slice,
/// or a flood of events would keep a stop waiting.
void function_instance::yield() {
  gave_up_turn_ = true;
  yielded_ = true;
  send(this, atom::proceed_v);
}

void function_instance::answer(call_result result) {
  waiting_ = false;
  guest_->answer(std::move(result));
  drive();
}

bool function_instance::call_was_refused() {
  for (auto number : outbox_.take_refused())
    if (number == calls_)
      return true;
  return false;
}

void function_instance::finish_event() {
  if (!in_handler_)
    return;
  in_handler_ = false;
  if (current_.kind == hook::cast || current_.kind == hook::call)
    watch_.lap(current_.kind == hook::call);
  else
    watch_.skip();
  switch (current_.kind) {
  case hook::init:
    phase_ = phase_ == phase::initialising ? phase::running : phase_;
    observe(telemetry_kind::initialised);
    if (activation_.pending())
      activation_.deliver(atom::ok_v);
    break;
  case hook::stop:
    stop_hook_ran_ = true;
    observe(telemetry_kind::stopped);
    break;
  default:
    ++handled_;
  }
  // A guest that did not answer has nothing to say.
  if (caller_)
    done({});
}

// -- the end ------------------------------------------------------------------

void function_instance::crash(const std::string& reason) {
  auto failed = fail(ec::guest_fault, reason);
  if (activation_.pending())
    activation_.deliver(failed);
  else if (phase_ != phase::stopping)
    caf::anon_send(birth_.node, atom::exited_v, birth_.id, explain(failed));
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
  phase_ = phase::over;
  end_ = reason;
  birth_.room->close();
  birth_.hood->remove(birth_.id);
  birth_.hood->meters.close(birth_.id);
  tell_times();
  if (caller_) {
    auto call = *std::exchange(caller_, std::nullopt);
    outbox_.send(call.source, failed_call(call, self_id()));
  }
  if (in_handler_
      && (current_.kind == hook::cast || current_.kind == hook::call))
    birth_.hood->counts.count_dropped(reason);
  clear_inbox(reason);
  outbox_.clear(reason);
  outbox_.flush();
  delayed_.clear();
  guest_.reset();
}

void function_instance::clear_inbox(drop_reason reason) {
  for (auto& x : inbox_) {
    birth_.room->give_back(1, x.payload.size());
    auto own = x.source == self_id();
    birth_.hood->counts.count_dropped(own ? drop_reason::self : reason);
    if (x.kind == event_kind::call)
      outbox_.send(x.source, failed_call(x, self_id()));
  }
  inbox_.clear();
  outbox_.flush();
}

void function_instance::observe(telemetry_kind kind, std::string text) {
  telemetry_event x;
  x.kind = kind;
  x.source = self_id();
  x.class_id = birth_.spec.class_id;
  x.text = std::move(text);
  caf::anon_send(birth_.telemetry, std::move(x));
}

} // namespace edgeless
