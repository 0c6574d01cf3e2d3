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
  if (has_room(x.payload.size()))
    wait({std::move(x), deadline});
  else
    x.on_reply({failed_call, false});
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
  if (now >= x.deadline || state == outbox::channel_state::unmapped) {
    x.request.on_reply({failed_call, x.attempts > 0});
    return true;
  }
  if (now < x.not_before || state == outbox::channel_state::unrouted
      || sent_.size() >= limits::emitted_calls)
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
  if (!x.request.repeatable)
    x.request.payload = {};
  auto is_new = sent_.emplace(++last_call_, std::move(x)).second;
  assert(is_new);
  static_cast<void>(is_new);
  return true;
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

// -- replies ------------------------------------------------------------------

void emitter::on_answer(const event& x) {
  auto found = sent_.extract(x.call);
  if (found.empty())
    queues_.registry->counts.count_dropped(drop_reason::late_answer);
  else if (x.kind == event_kind::error)
    fail(std::move(found.mapped()));
  else
    found.mapped().request.on_reply({{x.kind, x.payload}});
  // There may be room for another call.
  if (!waiting_.empty())
    pump();
}

void emitter::on_lost(const std::function<bool(const node_id&)>& is_lost) {
  for (auto i = sent_.begin(); i != sent_.end();)
    if (is_lost(i->second.callee))
      fail(std::move(sent_.extract(i++).mapped()));
    else
      ++i;
}

void emitter::on_tick() {
  auto now = queues_.clock.now();
  for (auto i = sent_.begin(); i != sent_.end();)
    if (i->second.deadline <= now)
      sent_.extract(i++).mapped().request.on_reply({failed_call});
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
  for (auto& x : std::exchange(casts_, {}))
    conclude(x.request, false);
  for (auto& [channel, handlers] : std::exchange(offered_, {}))
    for (auto& f : handlers)
      f(false);
  waiting_bytes_ = 0;
  for (auto& x : std::exchange(waiting_, {}))
    x.request.on_reply({failed_call, x.attempts > 0});
  if (only_waiting)
    return;
  for (auto& [number, x] : std::exchange(sent_, {}))
    x.request.on_reply({failed_call});
}

} // namespace edgeless
