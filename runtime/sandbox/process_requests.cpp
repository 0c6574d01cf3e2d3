// SPDX-License-Identifier: MIT
#include "runtime/sandbox/process_guest.hpp"

#include "messages/errors.hpp"

#include <algorithm>

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;

} // namespace

// -- requests of the process --------------------------------------------------

void process_guest::handle_frame(guest_frame kind, const guest_body& body) {
  auto busy = phase_ == phase::busy;
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
  if (kind == guest_frame::next && phase_ != phase::idle) {
    handle_next(body);
    return;
  }
  // The other kinds are legal during an event only.
  violated_protocol_ = !busy;
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
  case guest_frame::sync:
    handle_request(host_.sync(body.rest));
    break;
  default:
    violated_protocol_ = true;
  }
}

void process_guest::handle_next(const guest_body& body) {
  if (phase_ == phase::busy) {
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

void process_guest::handle_request(const caf::error& problem) {
  pause();
  if (problem)
    reply(guest_verdict::trap, explain(problem));
  else
    reply(guest_verdict::no_reply, {});
}

void process_guest::reply(guest_verdict verdict, std::string_view rest) {
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

} // namespace edgeless
