// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/sandbox/parent_channel.hpp"
#include "runtime/sandbox/supervisor.hpp"
#include "runtime/wasm/engine_core.hpp"

namespace edgeless {

/// What the guests in processes of their own share.
struct sandbox_pool {
  /// Counts them, and what memory they have.
  engine_core_ptr core;
  sandbox_supervisor supervisor;

  sandbox_pool(engine_core_ptr shared, std::string program)
    : core{shared}, supervisor{std::move(program), {shared, &shared->counts}} {
    // nop
  }
};

using process_house_ptr = std::shared_ptr<sandbox_pool>;

/// A guest as its node sees it: one event at a time is on its way to it.
class process_guest final : public guest {
public:
  process_guest(process_house_ptr context, guest_process_ptr process,
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
  std::optional<progress> step(std::chrono::steady_clock::time_point now);
  std::optional<progress> stand(std::chrono::steady_clock::time_point now);
  std::optional<progress> look_after(std::chrono::steady_clock::time_point now);
  std::optional<progress> wait(std::chrono::steady_clock::time_point now);
  bool hand_out();
  bool fall_asleep(std::chrono::steady_clock::time_point now);
  std::chrono::steady_clock::duration
  used(std::chrono::steady_clock::time_point now) const;
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
  parent_channel line_;
  guest_host& host_;
  guest_limits limits_;
  stage stage_ = stage::starting;
  hook hook_ = hook::init; ///< in hand
  bool asleep_ = false;
  bool unruly_ = false;
  /// Of the event in hand, or of its start: the running time before `since_`.
  std::chrono::steady_clock::duration used_{0};
  std::chrono::steady_clock::time_point since_
    = std::chrono::steady_clock::now();
  /// What events take of late.
  std::chrono::steady_clock::duration usual_{0};
  std::chrono::steady_clock::time_point last_; ///< when anything happened
  std::uint32_t alarms_ = 0;                   ///< wakings for nothing
  std::uint64_t moved_ = 0;                    ///< as of the latest look
  std::uint64_t memory_held_ = 0;
  std::string fault_;
};

/// A class whose guests live in processes of their own, made of what the
/// compile child made without checks.
caf::expected<guest_class_ptr> make_process_class(process_house_ptr context,
                                                  std::string_view compiled);

} // namespace edgeless
