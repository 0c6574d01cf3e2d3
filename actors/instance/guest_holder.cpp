// SPDX-License-Identifier: MIT
#include "actors/instance/guest_holder.hpp"

#include "runtime/delivery/earlier.hpp"
#include "runtime/placement/annotations.hpp"
#include "runtime/state/function_snapshot.hpp"

namespace edgeless {

namespace {

/// What a checkpoint has beside its memory: lines, globals, delayed casts.
constexpr std::size_t reserve = 256u << 10;

} // namespace

guest_holder::guest_holder(const function_options& options,
                           caf::actor_clock& clock)
  : options_{options}, clock_{clock}, keeps_memory_{state_policy_of(
                                                      options.spec.settings)
                                                    == state_policy::memory},
    hibernate_after_{hibernate_after_of(options.spec.settings)
                       .value_or(options.registry->hibernate_after)},
    checkpoint_pause_{checkpoint_pause_of(options.spec.settings)} {
  // nop
}

void guest_holder::reset() {
  guest_.reset();
  if (hibernated_)
    --options_.registry->counters.hibernated;
  hibernated_.reset();
  capturing_.reset();
  at_rest_ = false;
  rest_due_.reset();
  checkpoint_due_.reset();
}

progress guest_holder::run() {
  assert(guest_);
  auto result = guest_->run();
  at_rest_ = result == progress::idle || result == progress::captured;
  return result;
}

// -- state --------------------------------------------------------------------

caf::error guest_holder::restore(std::string_view snapshot,
                                 delayed_casts& delayed) {
  assert(guest_ && keeps_memory_);
  auto decoded = decode_snapshot(snapshot);
  if (!decoded)
    return decoded.error();
  if (decoded->code != options_.spec.code)
    return fail(ec::bad_input, "the state is that of module " + decoded->code
                                 + ", expected " + options_.spec.code);
  if (auto error = guest_->restore(decoded->guest))
    return error;
  for (auto& x : decoded->delayed)
    delayed.add(clock_.now() + x.remaining,
                {std::move(x.channel), std::move(x.payload)});
  return {};
}

void guest_holder::capture(purpose what) {
  assert(is_at_rest() && guest_);
  capturing_ = what;
  saving_ = unsaved_;
  guest_->capture(what == purpose::migration     ? limits::snapshot
                  : what == purpose::hibernation ? limits::hibernated_state
                                                 : limits::state - reserve);
}

std::pair<guest_holder::purpose, caf::expected<guest_state>>
guest_holder::take_captured() {
  assert(capturing_ && guest_);
  auto what = *std::exchange(capturing_, std::nullopt);
  auto state = guest_->take_state();
  if (what == purpose::checkpoint && state) {
    assert(unsaved_ >= saving_);
    unsaved_ -= saving_;
  }
  return {what, std::move(state)};
}

std::string guest_holder::encode(guest_state state,
                                 const delayed_casts& delayed,
                                 const own_casts& waiting) const {
  function_snapshot x;
  x.code = options_.spec.code;
  for (auto& payload : waiting)
    x.delayed.push_back({{}, "self", payload});
  auto now = clock_.now();
  delayed.for_each([&](time_point when, const delayed_casts::entry& y) {
    auto remaining
      = std::chrono::ceil<std::chrono::milliseconds>(std::max(when, now) - now);
    x.delayed.push_back({remaining, y.channel, y.payload});
  });
  x.guest = std::move(state);
  return encode_snapshot(x);
}

// -- hibernation --------------------------------------------------------------

void guest_holder::hibernate(guest_state state) {
  assert(is_at_rest());
  state.runs.shrink_to_fit();
  hibernated_ = std::move(state);
  guest_.reset();
  rest_due_.reset();
  auto& counters = options_.registry->counters;
  ++counters.hibernated;
  ++counters.hibernations;
}

caf::error guest_holder::wake(guest_host& host) {
  assert(hibernated_ && !guest_);
  auto begin = std::chrono::steady_clock::now();
  auto made = options_.code->instantiate(host, options_.limits);
  auto error = made ? (*made)->restore(*hibernated_) : made.error();
  if (error) {
    wake_at_ = clock_.now() + limits::wake_retry_pause;
    return error;
  }
  guest_ = std::move(*made);
  hibernated_.reset();
  wake_at_.reset();
  at_rest_ = true;
  auto& counters = options_.registry->counters;
  --counters.hibernated;
  counters.wake_times.observe(std::chrono::steady_clock::now() - begin);
  rest_later();
  return {};
}

// -- time ---------------------------------------------------------------------

/// The first checkpoint is taken at once: it shows whether there can be any.
void guest_holder::start() {
  rest_later();
  if (keeps_memory_)
    checkpoint_due_ = clock_.now();
}

void guest_holder::rest_later() {
  is_active_ = false;
  if (hibernate_after_.count() > 0)
    rest_due_ = clock_.now() + hibernate_after_;
}

void guest_holder::on_handled(std::uint64_t events) {
  is_active_ = true;
  if (!keeps_memory_)
    return;
  unsaved_ += events;
  if (!checkpoint_due_)
    checkpoint_due_ = clock_.now() + checkpoint_pause_;
}

std::optional<guest_holder::time_point> guest_holder::due() const {
  if (hibernated_)
    return is_wake_paused() ? wake_at_ : std::nullopt;
  // A guest that is busy is looked at again when it has come to rest.
  if (!is_at_rest())
    return std::nullopt;
  return earlier(rest_due_, checkpoint_due_);
}

std::optional<guest_holder::purpose> guest_holder::take_due() {
  auto now = clock_.now();
  if (!is_at_rest() || !guest_)
    return std::nullopt;
  if (checkpoint_due_ && *checkpoint_due_ <= now) {
    checkpoint_due_.reset();
    return purpose::checkpoint;
  }
  if (!rest_due_ || *rest_due_ > now)
    return std::nullopt;
  rest_due_ = now + hibernate_after_;
  if (std::exchange(is_active_, false))
    return std::nullopt;
  return purpose::hibernation;
}

} // namespace edgeless
