// SPDX-License-Identifier: MIT
#include "runtime/sandbox/process_guest.hpp"

#include "messages/errors.hpp"

#include <sched.h>

#include <algorithm>
#include <cassert>

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// The longest time of one run().
constexpr auto time_slice = 5ms;
/// Time to spin before anything else.
constexpr auto spin_limit = 20us;
/// While events are shorter on average, run() yields instead of returning: to
/// sleep and wake up on both sides takes about 100 us.
constexpr auto long_event = 5ms;
/// Wakeups without a byte in between that are tolerated: one may come late.
constexpr std::uint32_t max_spurious_wakeups = 64;

} // namespace

process_guest::process_guest(sandbox_pool_ptr pool, guest_process_ptr process,
                             guest_host& host, const guest_limits& limits)
  : pool_{std::move(pool)}, process_{std::move(process)},
    channel_{process_->channel()}, host_{host}, limits_{limits} {
  ++pool_->core->counts.guests;
  auto& memory = pool_->core->memory;
  limits_.memory
    = std::min<std::uint64_t>(limits_.memory, limits::guest_memory);
  channel_.send(
    guest_frame::hello,
    {.numbers = {std::min(limits_.memory, memory.left())}, .id = host.self()});
}

process_guest::~process_guest() {
  pool_->supervisor.terminate(*process_);
  pool_->core->memory.change(memory_held_, 0);
  --pool_->core->counts.guests;
}

// -- running ------------------------------------------------------------------

progress process_guest::run() noexcept {
  try {
    return resume_run();
  } catch (const std::exception&) {
    return mark_dead("the node is out of memory");
  }
}

progress process_guest::resume_run() {
  if (!std::exchange(has_begun_, true))
    channel_.send(guest_frame::begin, {});
  if (is_asleep_ && !process_->is_notified())
    return progress::working;
  if (std::exchange(is_asleep_, false)) {
    pool_->supervisor.cancel_sleep(*process_);
    ++spurious_wakeups_;
  }
  if (phase_ == phase::blocked) {
    assert(channel_.last_body());
    resume();
    phase_ = phase::busy;
    handle_cast(*channel_.last_body());
  }
  auto start = clock::now();
  last_progress_ = start;
  for (;;) {
    auto now = clock::now();
    if (auto result = check_phase(now))
      return *result;
    if (now - start > time_slice)
      return progress::preempted;
    if (auto result = step(now))
      return *result;
  }
}

/// Receives one frame, or sends one event, or waits. Nothing: continue.
std::optional<progress> process_guest::step(clock::time_point now) {
  // Read the ending first: frames sent before it are served.
  auto ending = process_->ending();
  auto frame = channel_.receive();
  if (channel_.is_broken())
    return fail_protocol();
  if (frame) {
    last_progress_ = now;
    handle_frame(frame->first, frame->second);
    if (violated_protocol_)
      return fail_protocol();
  } else if (ending) {
    return mark_dead("its process " + *ending);
  } else if (phase_ == phase::idle) {
    last_progress_ = now;
    if (!send_next_event())
      return progress::idle;
  } else {
    return wait(now);
  }
  return std::nullopt;
}

std::optional<progress> process_guest::wait(clock::time_point now) {
  auto silent = now - last_progress_;
  if (silent <= spin_limit)
    return std::nullopt;
  if (phase_ == phase::busy && average_time_ < long_event
      && used(now) < 2 * average_time_) {
    // In the shared process the event would occupy this thread as well. The
    // core is yielded to other threads.
    sched_yield();
    return std::nullopt;
  }
  // The process may write the eventfd without making progress.
  if (std::exchange(transferred_, channel_.transferred())
      != channel_.transferred())
    spurious_wakeups_ = 0;
  if (spurious_wakeups_ > max_spurious_wakeups)
    return fail_protocol();
  if (sleep(now))
    return progress::working;
  return std::nullopt;
}

/// What run() returns in a phase that cannot continue. Nothing: continue.
std::optional<progress> process_guest::check_phase(clock::time_point now) {
  switch (phase_) {
  case phase::dead:
    return progress::dead;
  case phase::blocked:
    return progress::blocked;
  case phase::calling:
    return progress::waiting;
  case phase::captured:
    return progress::captured;
  default:
    return check_deadline(now);
  }
}

/// Enforces the deadline, also while frames keep arriving.
std::optional<progress> process_guest::check_deadline(clock::time_point now) {
  if (process_->is_overdue())
    return mark_dead(phase_ == phase::starting
                       ? "its process was not ready in time"
                       : "an event took more than "
                           + std::to_string(limits_.deadline.count()) + " ms");
  if ((phase_ == phase::busy || phase_ == phase::capturing)
      && used(now) > limits_.deadline) {
    ++pool_->core->counts.sandboxes_timed_out;
    return mark_dead("an event took more than "
                     + std::to_string(limits_.deadline.count()) + " ms");
  }
  return std::nullopt;
}

/// False: there is no event.
bool process_guest::send_next_event() {
  auto* event = host_.next();
  if (!event)
    return false;
  assert(phase_ == phase::idle);
  hook_ = event->kind;
  channel_.send(guest_frame::event,
                {.numbers = {static_cast<std::uint64_t>(event->kind),
                             event->payload.size()},
                 .id = event->source},
                event->payload, event->state);
  begin();
  return true;
}

/// False: there is something to do after all.
bool process_guest::sleep(clock::time_point now) {
  auto limit = phase_ == phase::starting ? limits::guest_process_start
                                         : clock::duration{limits_.deadline};
  pool_->supervisor.sleep(*process_, now + (limit - used(now)));
  // After supervisor.sleep(): a wakeup before the eventfd is armed is lost.
  channel_.request_wakeup();
  if (channel_.is_ready() || process_->ending()) {
    channel_.cancel_wakeup();
    pool_->supervisor.cancel_sleep(*process_);
    return false;
  }
  is_asleep_ = true;
  return true;
}

void process_guest::answer(call_result result) noexcept {
  if (phase_ != phase::calling)
    return;
  if (result.payload.size() > limits::payload)
    result = {event_kind::error, {}};
  auto verdict = result.kind == event_kind::reply      ? guest_verdict::reply
                 : result.kind == event_kind::no_reply ? guest_verdict::no_reply
                                                       : guest_verdict::error;
  try {
    reply(verdict, verdict == guest_verdict::reply ? result.payload : "");
  } catch (const std::exception&) {
    mark_dead("the node is out of memory");
  }
}

// -- requests of the process --------------------------------------------------

void process_guest::handle_frame(guest_frame kind, const guest_body& body) {
  assert(phase_ != phase::dead && phase_ != phase::blocked);
  if (kind == guest_frame::fault) {
    mark_dead(std::string{body.rest});
    return;
  }
  if (kind == guest_frame::log) {
    violated_protocol_ = body.numbers[0] < 1 || body.numbers[0] > 5;
    if (!violated_protocol_)
      host_.log(static_cast<std::uint32_t>(body.numbers[0]), body.name,
                body.rest);
    return;
  }
  if (kind == guest_frame::ready && phase_ == phase::starting) {
    begin();
    return;
  }
  if (phase_ == phase::capturing) {
    violated_protocol_ = !incoming_->take(kind, body);
    if (incoming_->is_complete())
      phase_ = phase::captured;
    return;
  }
  if (kind == guest_frame::next && phase_ != phase::idle) {
    handle_next(body);
    return;
  }
  // The other kinds are legal during an event only.
  violated_protocol_ = phase_ != phase::busy;
  if (violated_protocol_)
    return;
  switch (kind) {
  case guest_frame::done:
    handle_done(body);
    break;
  case guest_frame::cast:
    handle_cast(body);
    break;
  case guest_frame::cast_to:
    host_.cast(body.id, body.rest);
    break;
  case guest_frame::call:
    handle_call(host_.call(body.name, body.rest));
    break;
  case guest_frame::call_to:
    handle_call(host_.call(body.id, body.rest));
    break;
  case guest_frame::delayed_cast:
    handle_request(host_.delayed_cast(
      std::chrono::milliseconds{static_cast<std::int64_t>(
        std::min<std::uint64_t>(body.numbers[0], limits::delay.count()))},
      body.name, body.rest));
    break;
  case guest_frame::sleep:
    handle_sleep(body.numbers[0]);
    break;
  case guest_frame::sync:
    handle_request(host_.sync(body.rest));
    break;
  default:
    violated_protocol_ = true;
  }
}

void process_guest::handle_next(const guest_body& body) {
  if (hook_) {
    auto waited = used(clock::now());
    average_time_ += (waited - average_time_) / 8;
    // The reported CPU time is capped at the time that has passed.
    host_.spent(std::min<std::chrono::nanoseconds>(
      std::chrono::nanoseconds{static_cast<std::int64_t>(
        std::min<std::uint64_t>(body.numbers[0], INT64_MAX))},
      waited));
  }
  phase_ = phase::idle;
  auto size = std::min(body.numbers[1], limits_.memory);
  if (size != memory_held_
      && !pool_->core->memory.change(std::exchange(memory_held_, size), size))
    mark_dead("the functions of this node have used up their common memory "
              "(wasm_runtime.memory_mib)");
}

void process_guest::handle_done(const guest_body& body) {
  auto kind = body.numbers[0];
  violated_protocol_
    = hook_ != hook::call || body.rest.size() > limits::payload;
  if (violated_protocol_)
    return;
  host_.done({kind == 1   ? event_kind::reply
              : kind == 0 ? event_kind::no_reply
                          : event_kind::error,
              std::string{body.rest}});
}

void process_guest::handle_cast(const guest_body& body) {
  if (host_.cast(body.name, body.rest))
    return;
  pause();
  phase_ = phase::blocked;
}

void process_guest::handle_call(
  std::optional<caf::expected<call_result>> result) {
  pause();
  phase_ = phase::calling;
  if (!result)
    return;
  if (*result)
    answer(std::move(**result));
  else
    reply(guest_verdict::trap, explain(result->error()));
}

void process_guest::handle_sleep(std::uint64_t nanoseconds) {
  pause();
  phase_ = phase::calling;
  auto time = std::min<std::uint64_t>(
    nanoseconds, std::chrono::nanoseconds{limits::delay}.count());
  if (!host_.sleep(std::chrono::nanoseconds{time}))
    answer({});
}

void process_guest::handle_request(const caf::error& problem) {
  assert(phase_ == phase::busy);
  pause();
  if (problem)
    reply(guest_verdict::trap, explain(problem));
  else
    reply(guest_verdict::no_reply, {});
}

void process_guest::reply(guest_verdict verdict, std::string_view rest) {
  assert(phase_ == phase::busy || phase_ == phase::calling);
  channel_.send(guest_frame::answer,
                {.numbers = {static_cast<std::uint64_t>(verdict)}}, rest);
  phase_ = phase::busy;
  resume();
}

// -- end ----------------------------------------------------------------------

progress process_guest::mark_dead(std::string reason) {
  phase_ = phase::dead;
  fault_ = std::move(reason);
  pool_->supervisor.terminate(*process_);
  return progress::dead;
}

progress process_guest::fail_protocol() {
  ++pool_->core->counts.sandbox_protocol_violations;
  return mark_dead("its process violated the sandbox protocol and was killed");
}

// -- state --------------------------------------------------------------------

void process_guest::capture(std::uint64_t max_bytes) noexcept {
  assert(phase_ == phase::idle);
  auto max = std::min<std::uint64_t>(max_bytes, limits::sandbox_snapshot);
  incoming_.emplace(max);
  channel_.send(guest_frame::capture, {.numbers = {max}});
  begin();
  phase_ = phase::capturing;
}

caf::expected<guest_state> process_guest::take_state() {
  assert(phase_ == phase::captured && incoming_->is_complete());
  auto result = incoming_->take_result();
  incoming_.reset();
  phase_ = phase::idle;
  return result;
}

caf::error process_guest::restore(const guest_state& state) noexcept {
  assert(!has_begun_);
  if (state.runs.size() > limits::sandbox_snapshot)
    return fail(ec::exhausted, "its state has more than "
                                 + std::to_string(limits::sandbox_snapshot)
                                 + " bytes, too many for a sandbox");
  has_begun_ = true;
  channel_.send(guest_frame::begin, {.numbers = {1}});
  send_state(channel_, state);
  return {};
}

} // namespace edgeless
