// SPDX-License-Identifier: MIT
#include "runtime/sandbox/process_guest.hpp"

#include "messages/errors.hpp"

#include <sched.h>

#include <algorithm>

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// One run() takes no longer, whatever the process says.
constexpr auto slice = 5ms;
/// Whatever is coming, a moment is waited for it.
constexpr auto spin_limit = 20us;
/// Events that are usually shorter are waited for awake: to fall asleep and be
/// woken, here and there, takes some 100 us.
constexpr auto long_event = 5ms;
/// Wakings without a single byte in between: one may come late.
constexpr std::uint32_t alarms_max = 64;

} // namespace

process_guest::process_guest(process_house_ptr context,
                             guest_process_ptr process, guest_host& host,
                             const guest_limits& limits)
  : house_{std::move(context)}, process_{std::move(process)},
    line_{process_->channel()}, host_{host}, limits_{limits} {
  ++house_->core->counts.guests;
  auto& memory = house_->core->memory;
  limits_.memory
    = std::min<std::uint64_t>(limits_.memory, limits::guest_memory);
  line_.post(
    guest_frame::hello,
    {.numbers = {std::min(limits_.memory, memory.left())}, .id = host.self()});
}

process_guest::~process_guest() {
  house_->supervisor.dismiss(*process_);
  house_->core->memory.change(memory_held_, 0);
  --house_->core->counts.guests;
}

// -- running ------------------------------------------------------------------

progress process_guest::run() noexcept {
  try {
    return go_on();
  } catch (const std::exception&) {
    return die("the node is out of memory");
  }
}

progress process_guest::go_on() {
  if (asleep_ && !process_->roused())
    return progress::working;
  if (std::exchange(asleep_, false)) {
    house_->supervisor.awake(*process_);
    ++alarms_;
  }
  if (stage_ == stage::blocked) {
    resume();
    stage_ = stage::handling;
    hear_cast(*line_.again());
  }
  auto start = clock::now();
  last_ = start;
  for (;;) {
    auto now = clock::now();
    if (auto over = stand(now))
      return *over;
    if (now - start > slice)
      return progress::preempted;
    if (auto over = step(now))
      return *over;
  }
}

/// Hears or says one thing, or waits for a moment.
std::optional<progress> process_guest::step(clock::time_point now) {
  // Whatever it said before its end counts.
  auto ending = process_->ending();
  auto frame = line_.next();
  if (line_.broken())
    return misbehave();
  if (frame) {
    last_ = now;
    hear(frame->first, frame->second);
    if (unruly_)
      return misbehave();
  } else if (ending) {
    return die("its process " + *ending);
  } else if (stage_ == stage::resting) {
    last_ = now;
    if (!hand_out())
      return progress::idle;
  } else {
    return wait(now);
  }
  return std::nullopt;
}

std::optional<progress> process_guest::wait(clock::time_point now) {
  auto silent = now - last_;
  if (silent <= spin_limit)
    return std::nullopt;
  if (stage_ == stage::handling && usual_ < long_event
      && used(now) < 2 * usual_) {
    // In the process of the node the event would keep this thread, too. Not
    // the core, if somebody has a use for it.
    sched_yield();
    return std::nullopt;
  }
  // It rings for nothing, again and again.
  alarms_ = std::exchange(moved_, line_.moved()) == line_.moved() ? alarms_ : 0;
  if (alarms_ > alarms_max)
    return misbehave();
  if (fall_asleep(now))
    return progress::working;
  return std::nullopt;
}

/// Nothing: it goes on.
std::optional<progress> process_guest::stand(clock::time_point now) {
  switch (stage_) {
  case stage::dead:
    return progress::dead;
  case stage::blocked:
    return progress::blocked;
  case stage::asking:
    return progress::waiting;
  default:
    return look_after(now);
  }
}

/// Its deadline, which also holds for those who say something all the time.
std::optional<progress> process_guest::look_after(clock::time_point now) {
  if (process_->overdue())
    return die(stage_ == stage::starting
                 ? "its process was not ready in time"
                 : "an event took more than "
                     + std::to_string(limits_.deadline.count()) + " ms");
  if (stage_ == stage::handling && used(now) > limits_.deadline) {
    ++house_->core->counts.sandboxes_timed_out;
    return die("an event took more than "
               + std::to_string(limits_.deadline.count()) + " ms");
  }
  return std::nullopt;
}

/// False: there is nothing for it.
bool process_guest::hand_out() {
  auto* event = host_.next();
  if (!event)
    return false;
  hook_ = event->kind;
  line_.post(guest_frame::event,
             {.numbers = {static_cast<std::uint64_t>(event->kind),
                          event->payload.size()},
              .id = event->source},
             event->payload, event->state);
  stage_ = stage::handling;
  used_ = {};
  since_ = clock::now();
  return true;
}

/// False: there is something after all.
bool process_guest::fall_asleep(clock::time_point now) {
  auto most = stage_ == stage::starting ? limits::guest_process_start
                                        : clock::duration{limits_.deadline};
  house_->supervisor.sleep(*process_, now + (most - used(now)));
  // Not before: the answer to it might come while nobody listens yet.
  line_.want();
  if (line_.ready() || process_->ending()) {
    line_.want_nothing();
    house_->supervisor.awake(*process_);
    return false;
  }
  asleep_ = true;
  return true;
}

clock::duration process_guest::used(clock::time_point now) const {
  return used_ + (now - since_);
}

/// What it waits for others does not count.
void process_guest::pause() {
  used_ = used(clock::now());
}

void process_guest::resume() {
  since_ = clock::now();
}

void process_guest::answer(call_result result) noexcept {
  if (stage_ != stage::asking)
    return;
  if (result.payload.size() > limits::payload)
    result = {event_kind::error, {}};
  auto verdict = result.kind == event_kind::reply      ? guest_verdict::reply
                 : result.kind == event_kind::no_reply ? guest_verdict::no_reply
                                                       : guest_verdict::error;
  try {
    reply(verdict, verdict == guest_verdict::reply ? result.payload : "");
  } catch (const std::exception&) {
    die("the node is out of memory");
  }
}

} // namespace edgeless
