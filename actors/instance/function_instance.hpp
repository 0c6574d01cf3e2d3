// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/inbox.hpp"

#include "runtime/metrics/event_timer.hpp"
#include "runtime/wasm/guest.hpp"

#include "messages/interfaces.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace edgeless {

/// What an instance of a function is born with.
struct function_options {
  physical_id id;
  component_spec spec;
  guest_class_ptr code;
  guest_limits limits;
  /// What its channels promise, and a random number for that.
  channel_policies promises;
  std::uint64_t stream = 0;
  /// How long events wait for a channel that leads nowhere.
  std::chrono::milliseconds timeout{4'000};
  /// The room of its inbox; whoever finds it in the instance registry shares
  /// it.
  credit_ptr room;
  instance_registry_ptr registry;
  egress_actor egress;
  telemetry_actor telemetry;
  /// Learns of syncs, and of an end that nobody asked for.
  node_actor node;
};

/// An INSTANCE, and what it says to itself.
using function_instance_actor = instance_actor::extend<
  // The guest was preempted: its next slice; or the end of an instance.
  caf::reacts_to<atom::proceed>,
  // A delayed cast with this number.
  caf::reacts_to<atom::due, std::uint64_t>,
  // The deadline of the call with this number.
  caf::reacts_to<atom::expire, std::uint64_t>,
  // Held events grow old.
  caf::reacts_to<atom::expire>,
  // Its guest, which computes in another process, has something to say.
  caf::reacts_to<atom::report>,
  // There may be room for what waits for it, or something to ask for.
  caf::reacts_to<atom::retry>,
  // What its events took is told.
  caf::reacts_to<atom::drain>,
  // Sources are held for as long as may be.
  caf::reacts_to<atom::tick>,
  // What still arrives has been passed on for long enough.
  caf::reacts_to<atom::hand_over>,
  // The time that a stopping guest gets is over.
  caf::reacts_to<atom::drop>>;

/// One running copy of a function: an inbox, a guest and an outbox. Spawned by
/// the run-time's PROVIDER; the guest runs in the pool's threads, a time slice
/// at a time, so that thousands share two cores and none starves.
class function_instance : public function_instance_actor::base,
                          private guest_host {
public:
  function_instance(caf::actor_config& config, function_options options);

  const char* name() const override;

  /// Ends the turn early when the guest was preempted.
  resume_result resume(caf::execution_unit* unit,
                       std::size_t max_throughput) override;

  void on_exit() override;

protected:
  behavior_type make_behavior() override;

private:
  enum class phase {
    born,
    initialising,
    running,
    frozen,     ///< from the next event on
    forwarding, ///< to its successor; what remains for the guest is to stop
    stopping,
    over,
  };

  // -- verbs ------------------------------------------------------------------
  caf::result<atom::ok> activate(output_map outputs, std::string state,
                                 const instance_id& predecessor);
  void receive(events batch);
  void patch(output_map outputs);
  void fence(const fenced_sessions& dead);
  void fall_due(std::uint64_t number);
  void check_call(std::uint64_t number);
  void expire();
  void stop();
  void grant_time_to_stop();
  void stop_by_force();

  // -- moving: function_instance_move.cpp -------------------------------------
  caf::result<atom::ok> freeze();
  void thaw();
  void hand_over(const endpoint& to, std::uint32_t feeders);
  void pass_on();
  void retire();
  void leave_if_deserted();
  void stop_passing_on();
  void watch_holds();

  // -- running the guest ------------------------------------------------------
  void proceed();
  void drive();
  void come_to_rest();
  progress run_slice();
  void yield();
  void finish_event();
  void answer(call_result result);
  void take_up(event x);
  bool call_was_refused();
  void tell_times();

  // -- waiting for room: function_instance_room.cpp ---------------------------
  void block();
  void unblock();
  void retry();
  void retry_when_due();
  void retry_at(caf::actor_clock::time_point when);
  outbox::timeout timeout() const;

  // -- the end ----------------------------------------------------------------
  void crash(const std::string& reason);
  void leave(drop_reason reason);
  void give_up(drop_reason reason);
  void observe(telemetry_kind kind, std::string text = {});

  // -- what the guest asks for ------------------------------------------------
  const guest_event* next() noexcept override;
  void done(call_result result) noexcept override;
  bool cast(std::string_view channel,
            std::string_view payload) noexcept override;
  void cast(const instance_id& target,
            std::string_view payload) noexcept override;
  std::optional<caf::expected<call_result>>
  call(std::string_view channel, std::string_view payload) noexcept override;
  std::optional<caf::expected<call_result>>
  call(const instance_id& target, std::string_view payload) noexcept override;
  caf::error delayed_cast(std::chrono::milliseconds delay,
                          std::string_view channel,
                          std::string_view payload) noexcept override;
  void log(std::uint32_t level, std::string_view target,
           std::string_view text) noexcept override;
  instance_id self_id() const;
  instance_id self() const noexcept override;
  caf::error sync(std::string_view state) noexcept override;
  void spent(std::chrono::nanoseconds time) noexcept override;
  void wake() noexcept override;

  void cast_to_self(std::string_view payload);
  bool ending() const; ///< only the stop hook is left
  event make_call(std::string_view payload, const node_id& target);

  struct delayed {
    std::string channel;
    std::string payload;
    /// Since when it has found no room.
    std::optional<caf::actor_clock::time_point> waiting{};
  };

  function_options options_;
  outbox outbox_;
  /// Made at birth, while the NODE hears of it; nothing until then.
  caf::expected<std::unique_ptr<guest>> unborn_{nullptr};
  std::unique_ptr<guest> guest_;
  phase phase_ = phase::born;

  inbox inbox_;
  guest_event current_;
  /// The call that the guest is answering.
  std::optional<event> caller_;
  receipt receipt_; ///< of the event in hand, if it is to be confirmed
  bool in_handler_ = false;
  bool stop_hook_ran_ = false;
  std::uint64_t events_taken_ = 0;
  std::uint64_t handled_ = 0;
  drop_reason end_ = drop_reason::crashed;
  caf::actor_clock::time_point stop_deadline_;

  bool waiting_ = false;
  bool gave_up_turn_ = false;
  bool yielded_ = false; ///< a slice is due: atom::proceed is on its way
  std::uint64_t calls_ = 0;
  node_id callee_;
  caf::actor_clock::time_point call_deadline_;
  bool call_timer_armed_ = false;

  bool blocked_ = false; ///< the guest waits for room
  std::optional<caf::actor_clock::time_point> blocked_since_;
  std::optional<caf::actor_clock::time_point> retry_at_;

  std::chrono::nanoseconds busy_{0};
  event_timer watch_;
  bool telling_times_ = false; ///< atom::drain is on its way
  bool expiring_ = false;
  std::uint64_t delays_ = 0;
  std::map<std::uint64_t, delayed> delayed_;
  caf::typed_response_promise<atom::ok> activation_;

  caf::typed_response_promise<atom::ok> freezing_;
  std::vector<std::uint64_t> overdue_; ///< delayed casts, while it is frozen
  endpoint successor_;
  node_id predecessor_at_; ///< nobody: it has not taken over
  bool watching_holds_ = false;
};

} // namespace edgeless
