// SPDX-License-Identifier: MIT
#include "actors/resources/emitter.hpp"

#include <cassert>

namespace edgeless {

namespace {

const call_result failed_call{event_kind::error, {}};

void conclude(outlet::cast_request& x, bool is_accepted) {
  if (auto f = std::exchange(x.on_accepted, {}))
    f(is_accepted);
}

} // namespace

void emitter::add(outlet::cast_request x) {
  auto bytes = x.payload.size();
  if (!has_room(bytes)) {
    queues_.sender().drop_unsent(1, drop_reason::blocked_too_long);
    return conclude(x, false);
  }
  waiting_bytes_ += bytes;
  casts_.push_back({std::move(x)});
}

void emitter::add(outlet::call_request x) {
  auto deadline = queues_.clock.now() + x.timeout;
  if (!is_paused_ && has_room(x.payload.size()))
    wait({std::move(x), deadline});
  else
    x.on_reply({failed_call, false, std::move(x.payload)});
}

/// With nothing waiting, there is room for any payload.
bool emitter::has_room(std::size_t bytes) const {
  auto n = casts_.size() + waiting_.size();
  return n == 0
         || (n < limits::outlet_events
             && waiting_bytes_ + bytes <= limits::outlet_bytes);
}

void emitter::wait(pending_call x) {
  waiting_bytes_ += x.request.payload.size();
  waiting_.push_back(std::move(x));
}

void emitter::pause() {
  is_paused_ = true;
  fail_waiting();
}

// -- sending ------------------------------------------------------------------

void emitter::pump() {
  if (is_paused_)
    return;
  for (; !casts_.empty() && try_cast(casts_.front()); casts_.pop_front()) {
    assert(waiting_bytes_ >= casts_.front().request.payload.size());
    waiting_bytes_ -= casts_.front().request.payload.size();
  }
  for (auto n = waiting_.size(); n > 0; --n) {
    auto x = std::move(waiting_.front());
    waiting_.pop_front();
    assert(waiting_bytes_ >= x.request.payload.size());
    waiting_bytes_ -= x.request.payload.size();
    if (!try_call(x))
      wait(std::move(x));
  }
  queues_.flush();
}

bool emitter::try_cast(waiting_cast& x) {
  if (x.request.on_accepted)
    return try_accountable_cast(x.request);
  auto now = queues_.clock.now();
  auto too_long
    = x.refused_since && now - *x.refused_since >= limits::emitted_cast_wait;
  if (queues_.out.offer(x.request.channel, x.request.payload,
                        too_long ? blocking::timed_out : blocking::allowed))
    return true;
  assert(!too_long);
  if (!x.refused_since)
    x.refused_since = now;
  return false;
}

bool emitter::try_accountable_cast(outlet::cast_request& x) {
  auto& out = queues_.out;
  if (out.unacknowledged(x.channel)) {
    if (!out.offer(x.channel, x.payload, blocking::allowed))
      return false;
    offered_[x.channel].push_back(std::move(x.on_accepted));
  } else {
    auto cast = queues_.sender().make(event_kind::cast, x.payload);
    conclude(x, out.send(x.channel, std::move(cast)));
  }
  return true;
}

void emitter::on_acknowledged() {
  for (auto& [channel, handlers] : offered_)
    while (handlers.size() > queues_.out.unacknowledged(channel).value_or(0)) {
      handlers.front()(true);
      handlers.pop_front();
    }
  if (!casts_.empty())
    pump();
}

/// False: the call waits, for a route or for its next attempt.
bool emitter::try_call(pending_call& x) {
  auto now = queues_.clock.now();
  auto& channel = x.request.channel;
  auto state = queues_.out.state_of(channel);
  auto bytes = x.request.payload.size();
  if (now >= x.deadline || state == outbox::channel_state::unmapped) {
    x.request.on_reply({failed_call, x.attempts > 0});
    return true;
  }
  if (now < x.not_before || state == outbox::channel_state::unrouted
      || sent_.size() >= limits::emitted_calls
      || (!sent_.empty() && sent_bytes_ + bytes > limits::emitted_call_bytes))
    return false;
  auto call = queues_.sender().make(event_kind::call, x.request.payload);
  call.call = last_call_ + 1;
  auto callee = queues_.out.target_node(channel);
  if (!queues_.out.send(channel, std::move(call))) {
    x.not_before = now + limits::emitted_call_pause;
    return false;
  }
  ++x.attempts;
  x.callee = callee;
  sent_bytes_ += bytes;
  auto is_new = sent_.emplace(++last_call_, std::move(x)).second;
  assert(is_new);
  static_cast<void>(is_new);
  return true;
}

/// A call that awaits its reply does so no longer.
emitter::pending_call emitter::take_sent(std::uint64_t call) {
  auto result = std::move(sent_.extract(call).mapped());
  assert(sent_bytes_ >= result.request.payload.size());
  sent_bytes_ -= result.request.payload.size();
  return result;
}

/// Tries again if that is allowed and makes sense; else the caller is told.
void emitter::fail(pending_call x) {
  assert(x.attempts > 0);
  auto now = queues_.clock.now();
  auto pause = limits::emitted_call_pause * (1 << (2 * (x.attempts - 1)));
  if (x.request.repeatable && x.attempts < limits::emitted_call_attempts
      && now + pause < x.deadline && has_room(x.request.payload.size())) {
    x.not_before = now + pause;
    wait(std::move(x));
  } else {
    x.request.on_reply({failed_call});
  }
}

/// No instance has begun to handle the call: its target may be moving, or has
/// no room. The route may be another one soon.
void emitter::retry_unhandled(pending_call x) {
  assert(x.attempts > 0);
  --x.attempts;
  x.not_before = queues_.clock.now() + limits::emitted_call_pause;
  if (is_paused_ || !has_room(x.request.payload.size()))
    give_back(std::move(x));
  else
    wait(std::move(x));
}

/// The caller may send it elsewhere, unless it must not be executed twice.
void emitter::give_back(pending_call x) {
  auto is_sent = x.attempts > 0 && !x.request.repeatable;
  x.request.on_reply({failed_call, is_sent, std::move(x.request.payload)});
}

// -- replies ------------------------------------------------------------------

void emitter::on_answer(const event& x) {
  if (!sent_.contains(x.call)) {
    queues_.registry->counts.count_dropped(drop_reason::late_answer);
    return;
  }
  auto call = take_sent(x.call);
  if (x.kind != event_kind::error)
    call.request.on_reply({{x.kind, x.payload}});
  else if (x.after != 0)
    retry_unhandled(std::move(call));
  else
    fail(std::move(call));
  // There may be room for another call.
  if (!waiting_.empty())
    pump();
}

void emitter::on_lost(const std::function<bool(const node_id&)>& is_lost) {
  for (auto i = sent_.begin(); i != sent_.end();)
    if (is_lost(i->second.callee))
      fail(take_sent((i++)->first));
    else
      ++i;
}

void emitter::on_tick() {
  auto now = queues_.clock.now();
  for (auto i = sent_.begin(); i != sent_.end();)
    if (i->second.deadline <= now)
      take_sent((i++)->first).request.on_reply({failed_call});
    else
      ++i;
  pump();
}

std::optional<emitter::time_point> emitter::due() const {
  auto now = queues_.clock.now();
  std::optional<time_point> result;
  for (auto& [number, x] : sent_)
    result = earlier(result, std::optional{x.deadline});
  if (is_paused_)
    return result;
  if (!casts_.empty())
    result = earlier(result, std::optional{now + limits::credit_retry_pause});
  for (auto& x : waiting_) {
    result = earlier(result, std::optional{x.deadline});
    if (x.not_before > now)
      result = earlier(result, std::optional{x.not_before});
  }
  return result;
}

void emitter::end() {
  assert(sent_.empty());
  for (auto& x : std::exchange(casts_, {})) {
    queues_.out.offer(x.request.channel, x.request.payload,
                      blocking::forbidden);
    conclude(x.request, false);
  }
  clear(drop_reason::stopped);
}

void emitter::clear(drop_reason reason, bool only_waiting) {
  queues_.sender().drop_unsent(casts_.size(), reason);
  for (auto& x : std::exchange(casts_, {})) {
    waiting_bytes_ -= x.request.payload.size();
    conclude(x.request, false);
  }
  for (auto& [channel, handlers] : std::exchange(offered_, {}))
    for (auto& f : handlers)
      f(false);
  fail_waiting();
  if (only_waiting)
    return;
  sent_bytes_ = 0;
  for (auto& [number, x] : std::exchange(sent_, {}))
    x.request.on_reply({failed_call});
}

void emitter::fail_waiting() {
  for (auto& x : std::exchange(waiting_, {})) {
    assert(waiting_bytes_ >= x.request.payload.size());
    waiting_bytes_ -= x.request.payload.size();
    give_back(std::move(x));
  }
}

} // namespace edgeless
