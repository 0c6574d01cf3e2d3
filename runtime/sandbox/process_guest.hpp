// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/sandbox/parent_channel.hpp"
#include "runtime/sandbox/state_transfer.hpp"
#include "runtime/sandbox/supervisor.hpp"
#include "runtime/wasm/engine_core.hpp"

namespace edgeless {

/// The state that all sandboxed guests of a node share.
struct sandbox_pool {
  /// Has the counters and the memory pool.
  engine_core_ptr core;
  sandbox_supervisor supervisor;

  sandbox_pool(engine_core_ptr shared, std::string program)
    : core{shared}, supervisor{std::move(program), {shared, &shared->counts}} {
    // nop
  }
};

using sandbox_pool_ptr = std::shared_ptr<sandbox_pool>;

/// A guest in a sandbox process, on the node's side. Sends one event at a time
/// and serves the requests of the process. run() never blocks, but spins or
/// yields for at most 5 ms.
class process_guest final : public guest {
public:
  process_guest(sandbox_pool_ptr pool, guest_process_ptr process,
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

  void capture(std::uint64_t max_bytes) noexcept override;
  caf::expected<guest_state> take_state() override;
  caf::error restore(const guest_state& state) noexcept override;

private:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  enum class phase {
    starting,
    idle,      ///< has handled all events that it got
    busy,      ///< handles an event
    calling,   ///< waits for the answer to its call
    blocked,   ///< its last frame is a cast without room
    capturing, ///< sends its state
    captured,  ///< its state is complete
    dead,
  };

  progress resume_run();
  std::optional<progress> step(time_point now);
  std::optional<progress> check_phase(time_point now);
  std::optional<progress> check_deadline(time_point now);
  std::optional<progress> wait(time_point now);
  bool send_next_event();
  bool sleep(time_point now);
  duration used(time_point now) const {
    return used_ + (now - resumed_at_);
  }
  /// Stops the running time, which does not include waiting for others.
  void pause() {
    used_ = used(std::chrono::steady_clock::now());
  }
  /// The running time begins, of an event or of the guest's start function.
  void begin() {
    phase_ = phase::busy;
    used_ = {};
    resume();
  }
  void resume() {
    resumed_at_ = std::chrono::steady_clock::now();
  }

  // -- requests of the process ------------------------------------------------
  void handle_frame(guest_frame kind, const guest_body& body);
  void handle_next(const guest_body& body);
  void handle_done(const guest_body& body);
  void handle_cast(const guest_body& body);
  void handle_call(std::optional<caf::expected<call_result>> result);
  void handle_sleep(std::uint64_t nanoseconds);
  void handle_request(const caf::error& problem);
  void reply(guest_verdict verdict, std::string_view rest);

  progress mark_dead(std::string reason);
  progress fail_protocol();

  sandbox_pool_ptr pool_;
  guest_process_ptr process_;
  parent_channel channel_;
  guest_host& host_;
  guest_limits limits_;
  phase phase_ = phase::starting;
  std::optional<hook> hook_; ///< of the current event; nullopt: it starts
  bool is_asleep_ = false;
  bool violated_protocol_ = false;
  bool has_begun_ = false;                 ///< the begin frame was sent
  std::optional<state_receiver> incoming_; ///< while it is captured
  /// Running time of the current event, or of the start, before `resumed_at_`.
  duration used_{0};
  time_point resumed_at_ = std::chrono::steady_clock::now();
  /// Moving average of the time that events take.
  duration average_time_{0};
  time_point last_progress_;           ///< time of the last progress
  std::uint32_t spurious_wakeups_ = 0; ///< wakeups without a byte in between
  std::uint64_t transferred_ = 0;      ///< bytes transferred at the last sleep
  std::uint64_t memory_held_ = 0;
  std::string fault_;
};

/// Makes a class whose guests run in processes of their own, from code compiled
/// with checks::none. Errors: ec::system_failure.
caf::expected<guest_class_ptr> make_process_class(sandbox_pool_ptr pool,
                                                  std::string_view compiled);

} // namespace edgeless
