// SPDX-License-Identifier: MIT
#include "actors/instance/function_instance.hpp"

#include <caf/send.hpp>

#include <algorithm>

namespace edgeless {

namespace {

/// How long one turn may last while the guest is answered synchronously.
constexpr auto turn = std::chrono::milliseconds{5};

} // namespace

function_instance::function_instance(caf::actor_config& config,
                                     function_options options)
  : function_instance_actor::base{config}, options_{std::move(options)},
    outbox_{options_.registry, options_.egress, self_id(),
            options_.spec.id,  clock(),        options_.promises,
            options_.stream},
    inbox_{options_.registry, options_.room, outbox_, self_id(), clock()} {
  // nop
}

const char* function_instance::name() const {
  return "instance";
}

function_instance::behavior_type function_instance::make_behavior() {
  unborn_ = options_.code->instantiate(*this, options_.limits);
  // clang-format off
  return {
    [this](atom::deliver, events& x) { receive(std::move(x)); },
    [this](atom::activate, output_map& x, std::string& y, const instance_id& z) { return activate(std::move(x), std::move(y), z); },
    [this](atom::freeze) { return freeze(); },
    [this](atom::thaw) { thaw(); },
    [this](atom::hand_over, const endpoint& x, std::uint32_t y) { hand_over(x, y); },
    [this](atom::patch, output_map& x) { patch(std::move(x)); },
    [this](atom::fence, const fenced_sessions& x) { fence(x); },
    [this](atom::proceed) { proceed(); },
    [this](atom::due, std::uint64_t x) { fall_due(x); },
    [this](atom::expire, std::uint64_t x) { check_call(x); },
    [this](atom::expire) { expire(); },
    [this](atom::report) { drive(); },
    [this](atom::retry) { retry(); },
    [this](atom::drain) { telling_times_ = false; tell_times(); },
    [this](atom::tick) { watch_holds(); },
    [this](atom::hand_over) { stop_passing_on(); },
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

caf::result<atom::ok>
function_instance::activate(output_map outputs, std::string state,
                            const instance_id& predecessor) {
  if (phase_ != phase::born)
    return atom::ok_v;
  if (!unborn_) {
    auto reason = unborn_.error();
    leave(drop_reason::stopped);
    return reason;
  }
  guest_ = std::move(*unborn_);
  observe(telemetry_kind::instantiated);
  auto& registry = *options_.registry;
  if (registry.samples_wanted || registry.histograms_wanted)
    watch_.start(registry.histograms_wanted ? registry.histograms.open(
                   options_.id, options_.spec.function_type)
                                            : nullptr,
                 registry.samples_wanted);
  if (predecessor.instance)
    outbox_.succeed(predecessor);
  predecessor_at_ = predecessor.node;
  outbox_.patch(std::move(outputs));
  phase_ = phase::initialising;
  current_.state = std::move(state);
  activation_ = make_response_promise<atom::ok>();
  auto promise = activation_;
  drive();
  return promise;
}

void function_instance::receive(events batch) {
  inbox_.expect(batch.size());
  for (auto& x : batch)
    take_up(std::move(x));
  if (phase_ == phase::over)
    inbox_.clear(end_);
  else if (inbox_.handed_over())
    pass_on();
  else
    drive();
  if (!watching_holds_ && inbox_.holding())
    watch_holds();
  if (inbox_.speaks()) {
    inbox_.confirm();
    outbox_.flush();
  }
}

void function_instance::take_up(event x) {
  switch (x.kind) {
  case event_kind::cast:
  case event_kind::call:
  case event_kind::marker:
  case event_kind::known:
    inbox_.add(std::move(x));
    return;
  case event_kind::handled:
  case event_kind::trapped:
  case event_kind::kept:
    // A letter box has no say in what its successor keeps.
    if (outbox_.ended() || phase_ == phase::over) {
      inbox_.add(std::move(x));
      return;
    }
    if (x.kind == event_kind::kept)
      outbox_.import_streams(std::move(x));
    else
      outbox_.confirm(x);
    outbox_.flush();
    unblock();
    return;
  default:
    if (waiting_ && x.call == calls_)
      answer({x.kind, std::move(x.payload)});
    else
      options_.registry->counts.count_dropped(drop_reason::late_answer);
  }
}

void function_instance::patch(output_map outputs) {
  outbox_.patch(std::move(outputs));
  retry_when_due();
  unblock();
  leave_if_deserted();
}

void function_instance::fence(const fenced_sessions& dead) {
  // A former session of this node ends nothing here.
  auto among = [&](const node_id& peer) {
    return peer != options_.registry->self
           && std::ranges::any_of(dead,
                                  [&](auto& x) { return x.node == peer; });
  };
  if (waiting_ && among(callee_))
    answer({event_kind::error, {}});
  if (predecessor_at_ && among(predecessor_at_)) {
    inbox_.expect_no_barrier();
    watch_holds();
  }
}

void function_instance::fall_due(std::uint64_t number) {
  auto i = delayed_.find(number);
  if (i == delayed_.end())
    return;
  if (phase_ == phase::frozen) {
    overdue_.push_back(number);
    return;
  }
  auto& x = i->second;
  auto now = clock().now();
  auto ended = x.waiting && now - *x.waiting >= options_.limits.call_deadline;
  if (x.channel == "self") {
    cast_to_self(x.payload);
  } else if (!outbox_.offer(x.channel, x.payload,
                            ended      ? outbox::timeout::ended
                            : ending() ? outbox::timeout::none
                                       : outbox::timeout::some)) {
    x.waiting = x.waiting ? x.waiting : now;
    delayed_send(this, limits::credit_retry_pause, atom::due_v, number);
    return;
  }
  delayed_.erase(i);
  outbox_.flush();
  retry_when_due();
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
  expiring_ = outbox_.expire(clock().now() - options_.timeout);
  if (expiring_)
    delayed_send(this, options_.timeout / 2, atom::expire_v);
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
  if (!guest_ || waiting_ || blocked_ || yielded_ || phase_ == phase::over
      || (phase_ == phase::frozen && !in_handler_))
    return;
  auto start = std::chrono::steady_clock::now();
  for (;;) {
    auto where = run_slice();
    if (where == progress::dead) {
      crash(guest_->fault());
      return;
    }
    if (busy_ > options_.limits.deadline) {
      crash("an event took more than "
            + std::to_string(options_.limits.deadline.count()) + " ms");
      return;
    }
    switch (where) {
    case progress::idle:
      come_to_rest();
      return;
    case progress::working:
      return;
    case progress::blocked:
      block();
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

/// The guest has handled what there is for it.
void function_instance::come_to_rest() {
  if (freezing_.pending())
    freezing_.deliver(atom::ok_v);
  if (!stop_hook_ran_)
    return;
  if (phase_ == phase::forwarding)
    retire();
  else
    leave(drop_reason::stopped);
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
  inbox_.confirm();
  outbox_.flush();
  options_.registry->counts.count_handled(std::exchange(handled_, 0));
  if (where != progress::blocked)
    retry_when_due();
  if (!expiring_ && outbox_.holding()) {
    expiring_ = true;
    delayed_send(this, options_.timeout, atom::expire_v);
  }
  if (watch_.waiting() > 0 && !telling_times_) {
    telling_times_ = true;
    delayed_send(this, limits::samples_pause, atom::drain_v);
  }
  return where;
}

/// A few times a second, whatever happens: of many, only the newest are wanted.
void function_instance::tell_times() {
  auto& registry = *options_.registry;
  auto seconds = watch_.take();
  auto lost = watch_.take_omitted();
  if (!seconds.empty()
      && registry.sample_credit->take(seconds.size() * sizeof(double)))
    caf::anon_send(options_.telemetry,
                   execution_times{options_.id, std::move(seconds)});
  else
    lost += seconds.size();
  if (lost > 0)
    registry.counters.samples_omitted.fetch_add(lost,
                                                std::memory_order_relaxed);
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
    outbox_.await_import();
    if (activation_.pending())
      activation_.deliver(atom::ok_v);
    observe(telemetry_kind::initialised);
    break;
  case hook::stop:
    stop_hook_ran_ = true;
    observe(telemetry_kind::stopped);
    break;
  default:
    ++handled_;
  }
  if (receipt_.stream != 0)
    inbox_.handled(std::exchange(receipt_, {}));
  // A guest that did not answer has nothing to say.
  if (caller_)
    done({});
}

} // namespace edgeless
