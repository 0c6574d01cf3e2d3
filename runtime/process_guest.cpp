// SPDX-License-Identifier: MIT
#include "runtime/process_guest.hpp"

#include "runtime/process_line.hpp"

#include "messages/errors.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// One run() takes no longer, whatever the process says.
constexpr auto slice = 5ms;
/// To fall asleep and be woken takes longer than most events.
constexpr auto patience = 20us;
/// Wakings without a single byte in between: one may come late.
constexpr std::uint32_t alarms_max = 64;

class process_guest final : public guest {
public:
  process_guest(process_house_ptr house, guest_process_ptr process,
                guest_host& host, const guest_limits& limits);
  ~process_guest() override;

  progress run() noexcept override;
  void answer(call_result result) noexcept override;

  std::string fault() const override {
    return fault_;
  }

  std::uint64_t memory() const override {
    return memory_held_;
  }

private:
  enum class stage {
    starting,
    resting, ///< has handled what it got
    handling,
    asking,  ///< waits for the answer to its call
    blocked, ///< has cast where there was no room: the frame in hand
    dead,
  };

  progress go_on();
  std::optional<progress> step(clock::time_point now);
  std::optional<progress> stand(clock::time_point now);
  std::optional<progress> look_after(clock::time_point now);
  bool hand_out();
  bool fall_asleep(clock::time_point now);
  clock::duration used(clock::time_point now) const;
  void pause();
  void resume();

  // -- what it says -----------------------------------------------------------
  void hear(guest_frame kind, const guest_body& body);
  void hear_next(const guest_body& body);
  void hear_done(const guest_body& body);
  void hear_cast(const guest_body& body);
  void hear_call(std::optional<caf::expected<call_result>> result);
  void hear_request(const caf::error& problem);
  void reply(guest_verdict verdict, std::string_view rest);

  progress die(std::string why);
  progress misbehave();

  process_house_ptr house_;
  guest_process_ptr process_;
  process_line line_;
  guest_host& host_;
  guest_limits limits_;
  stage stage_ = stage::starting;
  hook hook_ = hook::init; ///< in hand
  bool asleep_ = false;
  bool unruly_ = false;
  /// Of the event in hand, or of its start: the running time before `since_`.
  clock::duration used_{0};
  clock::time_point since_ = clock::now();
  clock::time_point last_;   ///< when anything happened
  std::uint32_t alarms_ = 0; ///< wakings for nothing
  std::uint64_t moved_ = 0;  ///< as of the latest look
  std::uint64_t memory_held_ = 0;
  std::string fault_;
};

process_guest::process_guest(process_house_ptr house, guest_process_ptr process,
                             guest_host& host, const guest_limits& limits)
  : house_{std::move(house)}, process_{std::move(process)},
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
  house_->keeper.dismiss(*process_);
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
    house_->keeper.awake(*process_);
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
  } else if (now - last_ > patience) {
    // It rings for nothing, again and again.
    alarms_
      = std::exchange(moved_, line_.moved()) == line_.moved() ? alarms_ : 0;
    if (alarms_ > alarms_max)
      return misbehave();
    if (fall_asleep(now))
      return progress::working;
  }
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
    ++house_->core->counts.processes_overdue;
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
  line_.want();
  house_->keeper.sleep(*process_, now + (most - used(now)));
  if (line_.ready() || process_->ending()) {
    line_.want_nothing();
    house_->keeper.awake(*process_);
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
  if (stage_ == stage::handling)
    // It cannot have taken longer than we have waited.
    host_.spent(std::min<std::chrono::nanoseconds>(
      std::chrono::nanoseconds{static_cast<std::int64_t>(
        std::min<std::uint64_t>(body.numbers[0], INT64_MAX))},
      used(clock::now())));
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
  house_->keeper.dismiss(*process_);
  return progress::dead;
}

progress process_guest::misbehave() {
  ++house_->core->counts.processes_unruly;
  return die("its process said what no guest says, and was killed");
}

// -- classes ------------------------------------------------------------------

class process_class final : public guest_class {
public:
  process_class(process_house_ptr house, shared_module module)
    : house_{std::move(house)}, module_{std::move(module)} {
    // nop
  }

  caf::expected<std::unique_ptr<guest>>
  instantiate(guest_host& host, const guest_limits& limits) override {
    auto made = house_->keeper.start(module_, host);
    if (!made)
      return made.error();
    return std::unique_ptr<guest>{
      std::make_unique<process_guest>(house_, std::move(*made), host, limits)};
  }

private:
  process_house_ptr house_;
  shared_module module_;
};

} // namespace

caf::expected<guest_class_ptr> make_process_class(process_house_ptr house,
                                                  std::string_view compiled) {
  auto module = std::make_shared<descriptor>(
    lifted(memfd_create("module", MFD_CLOEXEC | MFD_ALLOW_SEALING)));
  if (!*module || !write_all(*module, compiled)
      || fcntl(module->get(), F_ADD_SEALS,
               F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
           != 0)
    return fail(ec::system_failure, "no room for a compiled module");
  return guest_class_ptr{
    std::make_shared<process_class>(std::move(house), std::move(module))};
}

} // namespace edgeless
