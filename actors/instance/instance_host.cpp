// SPDX-License-Identifier: MIT
#include "actors/instance/instance_host.hpp"

#include "runtime/base/log.hpp"
#include "runtime/placement/annotations.hpp"

#include <caf/send.hpp>

#include <cassert>

namespace edgeless {

namespace {

const call_result failed_result{event_kind::error, {}};

} // namespace

instance_host::instance_host(owner& instance, const function_options& options,
                             instance_queues& queues)
  : delayed{options.limits.memory}, logs{options.registry->logging},
    times{options, queues.clock}, instance_{instance}, options_{options},
    queues_{queues} {
  // nop
}

bool instance_host::is_ending() const {
  auto phase = instance_.phase();
  return phase == instance_phase::stopping
         || phase == instance_phase::forwarding;
}

instance_id instance_host::self() const noexcept {
  return queues_.sender().self();
}

// -- events -------------------------------------------------------------------

const guest_event* instance_host::next() noexcept {
  finish_event();
  if (!init_taken_) {
    assert(instance_.phase() == instance_phase::initialising);
    init_taken_ = true;
    current_.kind = hook::init;
    if (auto payload = options_.spec.settings.find("init-payload");
        payload != options_.spec.settings.end())
      current_.payload = payload->second;
  } else if (is_ending()) {
    if (stop_hook_returned_)
      return nullptr;
    current_ = {hook::stop, {}, {}, {}};
    instance_.on_stopping();
  } else {
    if (queues_.in.empty() || instance_.phase() != instance_phase::running)
      return nullptr;
    take_event();
  }
  times.begin_event();
  in_handler_ = true;
  return &current_;
}

void instance_host::take_event() {
  assert(!in_handler_ && !caller_);
  auto x = queues_.take();
  current_.state.clear();
  current_.kind = x.kind == event_kind::call ? hook::call : hook::cast;
  current_.source = x.source;
  current_.payload = std::move(x.payload);
  receipt_ = receipt_of(x);
  if (x.kind == event_kind::call) {
    x.payload.clear();
    caller_ = std::move(x);
  }
}

void instance_host::finish_event() {
  if (!std::exchange(in_handler_, false))
    return;
  times.finish_event(current_.kind);
  switch (current_.kind) {
  case hook::init:
    instance_.on_initialised();
    break;
  case hook::stop:
    stop_hook_returned_ = true;
    observe(telemetry_kind::stopped);
    break;
  default:
    ++handled_;
  }
  if (receipt_.stream != 0)
    queues_.in.handled(std::exchange(receipt_, {}));
  // A handler that has not replied gives the caller no_reply.
  if (caller_)
    done({});
}

void instance_host::done(call_result result) noexcept {
  if (!caller_)
    return;
  auto call = *std::exchange(caller_, std::nullopt);
  if (result.payload.size() > limits::payload)
    result = failed_result;
  auto x = queues_.sender().make(result.kind, result.payload);
  x.call = call.call;
  x.trace = call.trace;
  queues_.sender().send(call.source, std::move(x));
}

void instance_host::retire() {
  calls.finish();
  in_handler_ = false;
}

void instance_host::abort(drop_reason reason) {
  calls.finish();
  pressure.resume();
  delayed.clear();
  auto& sender = queues_.sender();
  if (caller_) {
    auto call = *std::exchange(caller_, std::nullopt);
    sender.send(call.source,
                make_error_reply(call, self(), call_progress::unknown));
  }
  if (!in_handler_)
    return;
  if (current_.kind == hook::cast || current_.kind == hook::call)
    options_.registry->counts.count_dropped(reason);
  // The source counts the traps of each event, over all its receivers.
  if (receipt_.stream != 0 && reason == drop_reason::crashed) {
    auto x = sender.make(event_kind::trapped);
    x.stream = receipt_.stream;
    x.number = receipt_.number;
    sender.send(receipt_.source, std::move(x));
  }
}

// -- time ---------------------------------------------------------------------

bool instance_host::has_timed_out(
  const std::optional<time_point>& blocked_since) const {
  return blocked_since
         && queues_.clock.now() - *blocked_since
              >= options_.limits.call_deadline;
}

std::optional<instance_host::time_point> instance_host::due() const {
  auto result = earlier(earlier(calls.due(), times.due()), logs.due());
  if (pressure.is_suspended())
    result = earlier(result, std::optional{*pressure.refused_since()
                                           + options_.limits.call_deadline});
  if (instance_.phase() != instance_phase::frozen)
    result = earlier(result, delayed.due());
  return result;
}

void instance_host::send_delayed() {
  if (instance_.phase() == instance_phase::frozen)
    return;
  auto now = queues_.clock.now();
  while (auto x = delayed.take(now))
    if (!send_delayed(*x)) {
      x->blocked_since = x->blocked_since.value_or(now);
      delayed.add(now + limits::credit_retry_pause, std::move(*x));
    }
}

// -- casts --------------------------------------------------------------------

/// Other actors wait for the end of init and stop.
blocking instance_host::mode() const {
  if (!in_handler_ || is_ending() || current_.kind == hook::init
      || current_.kind == hook::stop)
    return blocking::forbidden;
  return has_timed_out(pressure.refused_since()) ? blocking::timed_out
                                                 : blocking::allowed;
}

bool instance_host::cast(std::string_view channel,
                         std::string_view payload) noexcept {
  if (channel == "self") {
    cast_to_self(payload);
    return true;
  }
  auto sent = queues_.out.offer(channel, payload, mode());
  if (sent)
    pressure.on_sent();
  else
    pressure.on_refused(queues_.clock.now());
  return sent;
}

void instance_host::cast(const instance_id& target,
                         std::string_view payload) noexcept {
  if (target == self())
    cast_to_self(payload);
  else
    queues_.sender().send(target,
                          queues_.sender().make(event_kind::cast, payload));
}

void instance_host::cast_to_self(std::string_view payload) {
  auto& counts = options_.registry->counts;
  counts.count_sent(1);
  if (instance_.phase() == instance_phase::ended)
    counts.count_dropped(drop_reason::self_channel);
  else if (payload.size() > limits::payload)
    counts.count_dropped(drop_reason::too_large);
  else if (!queues_.push(payload))
    counts.count_dropped(drop_reason::inbox_full);
}

caf::error instance_host::delayed_cast(std::chrono::milliseconds delay,
                                       std::string_view channel,
                                       std::string_view payload) noexcept {
  if (channel != "self"
      && queues_.out.state_of(channel) == outbox::channel_state::unmapped)
    return fail(ec::guest_fault, "delayed cast to the unmapped channel \""
                                   + std::string{channel} + "\"");
  if (!delayed.add(queues_.clock.now() + delay,
                   {std::string{channel}, std::string{payload}}))
    queues_.sender().drop_unsent(1, drop_reason::too_many_delayed);
  return caf::none;
}

bool instance_host::send_delayed(const delayed_casts::entry& x) {
  if (x.channel == "self") {
    cast_to_self(x.payload);
    return true;
  }
  return queues_.out.offer(x.channel, x.payload,
                           has_timed_out(x.blocked_since) ? blocking::timed_out
                           : is_ending()                  ? blocking::forbidden
                                                          : blocking::allowed);
}

// -- calls --------------------------------------------------------------------

std::optional<caf::expected<call_result>>
instance_host::call(std::string_view channel,
                    std::string_view payload) noexcept {
  // A call to itself would wait for itself.
  if (channel == "self")
    return failed_result;
  switch (queues_.out.state_of(channel)) {
  case outbox::channel_state::unmapped:
    return fail(ec::guest_fault, "call to the unmapped channel \""
                                   + std::string{channel} + "\"");
  case outbox::channel_state::unrouted:
    return failed_result;
  case outbox::channel_state::routed:
    break;
  }
  if (is_ending() || payload.size() > limits::payload)
    return failed_result;
  if (!queues_.out.send(channel,
                        make_call(payload, queues_.out.target_node(channel))))
    return failed_result;
  return std::nullopt;
}

std::optional<caf::expected<call_result>>
instance_host::call(const instance_id& target,
                    std::string_view payload) noexcept {
  if (target == self() || is_ending() || payload.size() > limits::payload
      || !queues_.sender().send(target, make_call(payload, target.node)))
    return failed_result;
  return std::nullopt;
}

event instance_host::make_call(std::string_view payload,
                               const node_id& target) {
  auto x = queues_.sender().make(event_kind::call, payload);
  x.call
    = calls.begin(target, queues_.clock.now() + options_.limits.call_deadline);
  return x;
}

/// A sleep ends like a call that times out.
bool instance_host::sleep(std::chrono::nanoseconds time) noexcept {
  calls.begin({}, queues_.clock.now() + time);
  return true;
}

// -- the rest -----------------------------------------------------------------

telemetry_event instance_host::make_report() const {
  telemetry_event x;
  x.source = self();
  x.class_id = options_.spec.class_id;
  return x;
}

void instance_host::observe(telemetry_kind kind, std::string text) {
  auto x = make_report();
  x.kind = kind;
  x.text = std::move(text);
  caf::anon_send(options_.telemetry, std::move(x));
}

/// Functions of EDGELESS report transactions to their output "metric", or since
/// v1.1 by log lines: both reach a metrics-collector, if the output leads to
/// one. The lines reach Redis, too.
void instance_host::measure(std::string_view target, std::string_view text) {
  if (target.empty() || target.size() > limits::series_name
      || text.size() > limits::function_log_text)
    return;
  auto begins = target == "tbegin";
  if ((begins || target == "tend")
      && queues_.out.state_of("metric") != outbox::channel_state::unmapped)
    queues_.out.offer("metric",
                      "workflow" + std::string{begins ? ":begin:" : ":end:"}
                        + std::string{text},
                      blocking::forbidden);
  auto& registry = *options_.registry;
  if (!registry.samples_wanted)
    return;
  if (!registry.log_credit->take(text.size())) {
    ++registry.counters.samples_omitted;
    return;
  }
  auto x = make_report();
  x.kind = telemetry_kind::measurement;
  x.target = target;
  x.text = text;
  caf::anon_send(options_.telemetry, std::move(x));
}

void instance_host::log(std::uint32_t level, std::string_view target,
                        std::string_view text) noexcept {
  constexpr std::uint32_t trace = 5;
  if (level == trace)
    measure(target, text);
  // What the log would not show anyway does not count.
  if (!enabled(static_cast<log_level>(level), "function"))
    return;
  text = text.substr(0, limits::text);
  target = target.substr(0, limits::text);
  if (logs.take(queues_.clock.now(), target.size() + text.size()))
    send_log(level, target, text);
}

void instance_host::send_log(std::uint32_t level, std::string_view target,
                             std::string_view text) {
  if (!options_.registry->log_credit->take(text.size())) {
    ++options_.registry->counters.log_lines_unread;
    return;
  }
  auto x = make_report();
  x.level = level;
  x.target = target;
  x.text = text;
  caf::anon_send(options_.telemetry, std::move(x));
}

void instance_host::report_omitted_logs(bool at_once) {
  auto due = logs.due();
  if (!due || (!at_once && *due > queues_.clock.now()))
    return;
  auto omitted = logs.take_omitted();
  times.count_omitted_logs(omitted.lines);
  send_log(
    2, "edgeless",
    "log lines omitted: lines=" + std::to_string(omitted.lines) + " bytes="
      + std::to_string(omitted.bytes) + " reason=a function may log "
      + std::to_string(options_.registry->logging.lines) + " lines and "
      + std::to_string(options_.registry->logging.bytes) + " bytes per second");
}

caf::error instance_host::sync(std::string_view state) noexcept {
  // Its whole memory is kept instead.
  if (state_policy_of(options_.spec.settings) == state_policy::memory)
    return caf::none;
  if (state.size() > limits::state)
    return fail(ec::guest_fault, "a synced state has more than "
                                   + std::to_string(limits::state) + " bytes");
  if (options_.registry->states.put(options_.id, state))
    caf::anon_send(options_.node, atom::synced_v, options_.id);
  return caf::none;
}

void instance_host::spent(std::chrono::nanoseconds time) noexcept {
  times.add_time(time);
}

void instance_host::wake() noexcept {
  instance_.wake();
}

} // namespace edgeless
