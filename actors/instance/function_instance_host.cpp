// SPDX-License-Identifier: MIT
#include "actors/instance/function_instance.hpp"

#include <caf/send.hpp>

namespace edgeless {

// -- what the guest asks for --------------------------------------------------

const guest_event* function_instance::next() noexcept {
  finish_event();
  if (phase_ == phase::initialising && events_taken_ == 0) {
    auto payload = options_.spec.settings.find("init-payload");
    current_.kind = hook::init;
    if (payload != options_.spec.settings.end())
      current_.payload = payload->second;
  } else if (ending()) {
    current_.state.clear();
    if (stop_hook_ran_)
      return nullptr;
    current_ = {hook::stop, {}, {}, {}};
    grant_time_to_stop();
  } else {
    if (inbox_.empty() || phase_ != phase::running)
      return nullptr;
    auto& x = inbox_.front();
    options_.room->give_back(1, x.payload.size());
    current_.state.clear();
    current_.kind = x.kind == event_kind::call ? hook::call : hook::cast;
    current_.source = x.source;
    current_.payload = std::move(x.payload);
    if (x.stream != 0)
      receipt_ = receipt_of(x);
    if (x.kind == event_kind::call) {
      x.payload.clear();
      caller_ = std::move(x);
    }
    inbox_.pop();
  }
  ++events_taken_;
  in_handler_ = true;
  return &current_;
}

void function_instance::done(call_result result) noexcept {
  if (!caller_)
    return;
  auto call = *std::exchange(caller_, std::nullopt);
  // What cannot be sent is an answer nevertheless.
  if (result.payload.size() > limits::payload)
    result = {event_kind::error, {}};
  auto x = outbox_.make(result.kind, result.payload);
  x.call = call.call;
  x.trace = call.trace;
  outbox_.send(call.source, std::move(x));
}

bool function_instance::cast(std::string_view channel,
                             std::string_view payload) noexcept {
  if (channel == "self") {
    cast_to_self(payload);
    return true;
  }
  auto sent = outbox_.offer(channel, payload, timeout());
  if (sent)
    blocked_since_.reset();
  else if (!blocked_since_)
    blocked_since_ = clock().now();
  return sent;
}

void function_instance::cast(const instance_id& target,
                             std::string_view payload) noexcept {
  if (target == self_id())
    cast_to_self(payload);
  else
    outbox_.send(target, outbox_.make(event_kind::cast, payload));
}

void function_instance::cast_to_self(std::string_view payload) {
  auto& counts = options_.registry->counts;
  counts.count_sent(1);
  if (phase_ == phase::over)
    counts.count_dropped(drop_reason::self_channel);
  else if (payload.size() > limits::payload)
    counts.count_dropped(drop_reason::too_large);
  else if (!options_.room->take(payload.size()))
    counts.count_dropped(drop_reason::inbox_full);
  else
    inbox_.push(outbox_.make(event_kind::cast, payload));
}

std::optional<caf::expected<call_result>>
function_instance::call(std::string_view channel,
                        std::string_view payload) noexcept {
  // It would wait for itself.
  if (channel == "self")
    return call_result{event_kind::error, {}};
  switch (outbox_.find(channel)) {
  case outbox::leads::unmapped:
    return fail(ec::guest_fault, "call to the unmapped channel \""
                                   + std::string{channel} + "\"");
  case outbox::leads::nowhere:
    return call_result{event_kind::error, {}};
  case outbox::leads::elsewhere:
    break;
  }
  if (ending() || payload.size() > limits::payload)
    return call_result{event_kind::error, {}};
  outbox_.send(channel, make_call(payload, outbox_.target_node(channel)));
  return std::nullopt;
}

std::optional<caf::expected<call_result>>
function_instance::call(const instance_id& target,
                        std::string_view payload) noexcept {
  if (target == self_id() || ending() || payload.size() > limits::payload)
    return call_result{event_kind::error, {}};
  outbox_.send(target, make_call(payload, target.node));
  return std::nullopt;
}

event function_instance::make_call(std::string_view payload,
                                   const node_id& target) {
  callee_ = target;
  call_deadline_ = clock().now() + options_.limits.call_deadline;
  auto x = outbox_.make(event_kind::call, payload);
  x.call = ++calls_;
  // One timer serves many calls: it looks again if its own is over.
  if (!call_timer_armed_) {
    call_timer_armed_ = true;
    delayed_send(this, options_.limits.call_deadline, atom::expire_v, calls_);
  }
  return x;
}

caf::error function_instance::delayed_cast(std::chrono::milliseconds delay,
                                           std::string_view channel,
                                           std::string_view payload) noexcept {
  if (channel != "self" && outbox_.find(channel) == outbox::leads::unmapped)
    return fail(ec::guest_fault, "delayed cast to the unmapped channel \""
                                   + std::string{channel} + "\"");
  if (delayed_.size() >= limits::delayed_casts) {
    options_.registry->counts.count_sent(1);
    options_.registry->counts.count_dropped(drop_reason::too_many_delayed);
    return caf::none;
  }
  delayed_.emplace(++delays_,
                   delayed{std::string{channel}, std::string{payload}});
  delayed_send(this, delay, atom::due_v, delays_);
  return caf::none;
}

void function_instance::log(std::uint32_t level, std::string_view target,
                            std::string_view text) noexcept {
  text = text.substr(0, limits::text);
  if (!options_.registry->log_credit->take(text.size()))
    return;
  telemetry_event x;
  x.source = self_id();
  x.class_id = options_.spec.class_id;
  x.level = level;
  x.target = target.substr(0, limits::text);
  x.text = text;
  caf::anon_send(options_.telemetry, std::move(x));
}

bool function_instance::ending() const {
  return phase_ == phase::stopping || phase_ == phase::forwarding;
}

instance_id function_instance::self_id() const {
  return {options_.registry->self, options_.id};
}

instance_id function_instance::self() const noexcept {
  return self_id();
}

caf::error function_instance::sync(std::string_view state) noexcept {
  if (state.size() > limits::state)
    return fail(ec::guest_fault, "a synced state has more than "
                                   + std::to_string(limits::state) + " bytes");
  caf::anon_send(options_.node, atom::synced_v, options_.id,
                 std::string{state});
  return caf::none;
}

void function_instance::spent(std::chrono::nanoseconds time) noexcept {
  watch_.credit(time);
}

/// From a thread that is none of ours, while this may be ending.
void function_instance::wake() noexcept {
  if (auto self = caf::weak_actor_ptr{ctrl()}.lock())
    caf::anon_send(caf::actor_cast<function_instance_actor>(self),
                   atom::report_v);
}

} // namespace edgeless
