// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/instance_host.hpp"

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

/// The INSTANCE of a function: an inbox, a guest and an outbox. Spawned by its
/// PROVIDER. The guest runs in the threads of the pool, a time slice at a time,
/// so that thousands of instances share two cores and none starves. Its parts:
///   instance_queues     inbox and outbox
///   instance_host       the requests of the guest, and the event in hand
///   outstanding_call    the call whose reply the guest waits for
///   delayed_casts       casts that are due later
///   back_pressure       the suspension of a guest by a full channel
///   execution_monitor   the running time per event
/// The actor itself decides when the guest runs, and when the instance
/// migrates, stops and ends.
class function_instance : public function_instance_actor::base,
                          private instance_host::owner {
public:
  function_instance(caf::actor_config& config, function_options options);

  const char* name() const override {
    return "instance";
  }

  /// Ends the turn early when the guest was preempted.
  resume_result resume(caf::execution_unit* unit,
                       std::size_t max_throughput) override;

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
  void yield();
  void on_idle();
  void answer(call_result result);

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
  std::unique_ptr<guest> guest_;
  instance_phase phase_ = instance_phase::prepared;
  drop_reason end_reason_ = drop_reason::crashed;
  bool turn_ended_ = false;
  bool yielded_ = false; ///< atom::resume is on its way
  std::optional<caf::actor_clock::time_point> stop_deadline_;
  caf::typed_response_promise<atom::ok> activation_;
  caf::typed_response_promise<atom::ok> freezing_;
  endpoint successor_;
  node_id predecessor_node_; ///< nil: it has no predecessor
};

} // namespace edgeless
