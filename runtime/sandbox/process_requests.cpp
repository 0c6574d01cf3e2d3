// SPDX-License-Identifier: MIT
#include "runtime/sandbox/process_guest.hpp"

#include "messages/errors.hpp"

#include <algorithm>

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;

} // namespace

// -- what it says -------------------------------------------------------------

void process_guest::hear(guest_frame kind, const guest_body& body) {
  auto handling = stage_ == stage::handling;
  if (kind == guest_frame::fault) {
    die(std::string{body.rest});
    return;
  }
  if (kind == guest_frame::log) {
    unruly_ = body.numbers[0] < 1 || body.numbers[0] > 5;
    if (!unruly_)
      host_.log(static_cast<std::uint32_t>(body.numbers[0]), body.name,
                body.rest);
    return;
  }
  if (kind == guest_frame::next && stage_ != stage::resting) {
    hear_next(body);
    return;
  }
  // What remains is said while it handles an event.
  unruly_ = !handling;
  if (unruly_)
    return;
  switch (kind) {
  case guest_frame::done:
    hear_done(body);
    break;
  case guest_frame::cast:
    hear_cast(body);
    break;
  case guest_frame::cast_to:
    host_.cast(body.id, body.rest);
    break;
  case guest_frame::call:
    hear_call(host_.call(body.name, body.rest));
    break;
  case guest_frame::call_to:
    hear_call(host_.call(body.id, body.rest));
    break;
  case guest_frame::delayed_cast:
    hear_request(host_.delayed_cast(
      std::chrono::milliseconds{static_cast<std::int64_t>(
        std::min<std::uint64_t>(body.numbers[0], limits::delay.count()))},
      body.name, body.rest));
    break;
  case guest_frame::sync:
    hear_request(host_.sync(body.rest));
    break;
  default:
    unruly_ = true;
  }
}

void process_guest::hear_next(const guest_body& body) {
  if (stage_ == stage::handling) {
    auto waited = used(clock::now());
    usual_ += (waited - usual_) / 8;
    // It cannot have taken longer than we have waited.
    host_.spent(std::min<std::chrono::nanoseconds>(
      std::chrono::nanoseconds{static_cast<std::int64_t>(
        std::min<std::uint64_t>(body.numbers[0], INT64_MAX))},
      waited));
  }
  stage_ = stage::resting;
  auto size = std::min(body.numbers[1], limits_.memory);
  if (size != memory_held_
      && !house_->core->memory.change(std::exchange(memory_held_, size), size))
    die("the functions of this node have used up their common memory "
        "(wasm_runtime.memory_mib)");
}

void process_guest::hear_done(const guest_body& body) {
  auto kind = body.numbers[0];
  unruly_ = hook_ != hook::call || body.rest.size() > limits::payload;
  if (unruly_)
    return;
  host_.done({kind == 1   ? event_kind::reply
              : kind == 0 ? event_kind::no_reply
                          : event_kind::error,
              std::string{body.rest}});
}

void process_guest::hear_cast(const guest_body& body) {
  if (host_.cast(body.name, body.rest))
    return;
  pause();
  stage_ = stage::blocked;
}

void process_guest::hear_call(
  std::optional<caf::expected<call_result>> result) {
  pause();
  stage_ = stage::asking;
  if (!result)
    return;
  if (*result)
    answer(std::move(**result));
  else
    reply(guest_verdict::trap, explain(result->error()));
}

void process_guest::hear_request(const caf::error& problem) {
  pause();
  if (problem)
    reply(guest_verdict::trap, explain(problem));
  else
    reply(guest_verdict::no_reply, {});
}

void process_guest::reply(guest_verdict verdict, std::string_view rest) {
  line_.post(guest_frame::answer,
             {.numbers = {static_cast<std::uint64_t>(verdict)}}, rest);
  stage_ = stage::handling;
  resume();
}

// -- its end ------------------------------------------------------------------

progress process_guest::die(std::string why) {
  stage_ = stage::dead;
  fault_ = std::move(why);
  house_->supervisor.dismiss(*process_);
  return progress::dead;
}

progress process_guest::misbehave() {
  ++house_->core->counts.sandbox_protocol_violations;
  return die("its process said what no guest says, and was killed");
}

} // namespace edgeless
