// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/guest_holder.hpp"
#include "actors/instance/instance_host.hpp"
#include "actors/instance/state_saver.hpp"

#include <memory>
#include <optional>
#include <string>

namespace edgeless {

/// An INSTANCE of a function, and its messages to itself.
using function_instance_actor = instance_actor::extend<
  // The guest was preempted: run its next slice. Or: the instance ends.
  caf::reacts_to<atom::resume>,
  // The guest, which computes in another process, has a request.
  caf::reacts_to<atom::report>,
  // A deadline may have passed.
  caf::reacts_to<atom::tick>>;

/// An actor whose turn ends when its guest was preempted: in the same turn, the
/// guest would keep its thread for as long as the mailbox has messages.
class sliced_actor : public function_instance_actor::base {
public:
  using super = function_instance_actor::base;
  using super::super;

  resume_result resume(caf::execution_unit* unit,
                       std::size_t max_throughput) override {
    turn_ended_ = false;
    for (std::size_t i = 0; i < max_throughput; ++i) {
      auto result = super::resume(unit, 1);
      if (result != resumable::resume_later || turn_ended_)
        return result;
    }
    return resumable::resume_later;
  }

protected:
  /// Other actors run first. Events that arrive meanwhile give the guest no
  /// other slice, or a flood of events would delay a stop.
  void yield() {
    turn_ended_ = true;
    if (!std::exchange(has_yielded_, true))
      send(this, atom::resume_v);
  }
  /// atom::resume is on its way.
  bool has_yielded() const {
    return has_yielded_;
  }
  /// atom::resume has arrived.
  void on_resumed() {
    has_yielded_ = false;
  }

private:
  bool turn_ended_ = false;
  bool has_yielded_ = false;
};

/// The INSTANCE of a function: an inbox, a guest and an outbox. Spawned by its
/// PROVIDER. The guest runs in the threads of the pool, a time slice at a time,
/// so that thousands of instances share two cores and none starves. Its parts:
///   instance_queues     inbox and outbox
///   instance_host       the requests of the guest, and the event in hand
///   outstanding_call    the call whose reply the guest waits for
///   delayed_casts       casts that are due later
///   back_pressure       the suspension of a guest by a full channel
///   execution_monitor   the running time per event
///   guest_holder        the guest, which may be hibernated
///   state_saver         the states that are captured of it
/// The actor itself decides when the guest runs, and when the instance
/// migrates, stops and ends.
class function_instance : public sliced_actor, private instance_host::owner {
public:
  function_instance(caf::actor_config& config, function_options options);

  const char* name() const override {
    return "instance";
  }

  void on_exit() override;

protected:
  behavior_type make_behavior() override;

private:
  using enum instance_phase;

  caf::result<atom::ok> activate(output_map outputs, std::string state,
                                 const instance_id& predecessor);
  void receive(events batch);
  void take_up(event x);
  void patch(output_map outputs);
  void fence(const fenced_sessions& dead);
  void on_tick();

  // -- running the guest ------------------------------------------------------
  void process();
  bool can_run() const;
  void run_guest();
  void on_idle();
  void answer(call_result result);
  /// Whether a hibernated guest is needed.
  bool needs_guest() const;
  void wake_guest();

  void on_captured();

  // -- migration --------------------------------------------------------------
  caf::result<atom::ok> freeze();
  void thaw();
  void hand_over(const endpoint& to, std::uint32_t feeders);
  void become_stub();
  void stop_forwarding();

  // -- the end ----------------------------------------------------------------
  void stop();
  void stop_by_force();
  void crash(const std::string& reason);
  void end(drop_reason reason);
  void release(drop_reason reason);

  // -- instance_host::owner ---------------------------------------------------
  instance_phase phase() const override {
    return phase_;
  }
  void on_initialised() override;
  /// The handler in hand and the stop hook get limits::stop_grace each.
  void on_stopping() override {
    stop_deadline_ = clock().now() + limits::stop_grace;
  }
  void wake() override;

  function_options options_;
  instance_queues queues_;
  instance_host host_;
  /// Made while the NODE registers the instance; null from activate() on.
  caf::expected<std::unique_ptr<guest>> prepared_{nullptr};
  guest_holder guest_{options_, clock()};
  instance_phase phase_ = instance_phase::prepared;
  drop_reason end_reason_ = drop_reason::crashed;
  std::optional<caf::actor_clock::time_point> stop_deadline_;
  caf::typed_response_promise<atom::ok> activation_;
  state_saver saver_{options_, guest_, host_, queues_.in};
  endpoint successor_;
  node_id predecessor_node_; ///< nil: it has no predecessor
};

} // namespace edgeless
