// SPDX-License-Identifier: MIT
#include "runtime/sandbox/process_guest.hpp"

#include "messages/errors.hpp"

#include <sched.h>

#include <algorithm>

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
  if (is_asleep_ && !process_->is_notified())
    return progress::working;
  if (std::exchange(is_asleep_, false)) {
    pool_->supervisor.cancel_sleep(*process_);
    ++spurious_wakeups_;
  }
  if (phase_ == phase::blocked) {
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
  // The process writes the eventfd without making progress.
  spurious_wakeups_ = std::exchange(transferred_, channel_.transferred())
                          == channel_.transferred()
                        ? spurious_wakeups_
                        : 0;
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
  if (phase_ == phase::busy && used(now) > limits_.deadline) {
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
  hook_ = event->kind;
  channel_.send(guest_frame::event,
                {.numbers = {static_cast<std::uint64_t>(event->kind),
                             event->payload.size()},
                 .id = event->source},
                event->payload, event->state);
  phase_ = phase::busy;
  used_ = {};
  resumed_at_ = clock::now();
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

clock::duration process_guest::used(clock::time_point now) const {
  return used_ + (now - resumed_at_);
}

/// Stops the running time, which does not include waiting for others.
void process_guest::pause() {
  used_ = used(clock::now());
}

void process_guest::resume() {
  resumed_at_ = clock::now();
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

} // namespace edgeless
