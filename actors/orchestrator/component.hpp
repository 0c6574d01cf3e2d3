// SPDX-License-Identifier: MIT
#pragma once

#include "actors/orchestrator/migration.hpp"

#include "runtime/base/backoff.hpp"
#include "runtime/placement/loss_record.hpp"

#include "messages/interfaces.hpp"
#include "messages/limits.hpp"

#include <caf/actor_clock.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace edgeless {

/// From the ORCHESTRATOR: recovery is over for this component. An instance that
/// was not adopted by now is replaced.
struct recovery_over {};

/// From the ORCHESTRATOR: whether this instance belongs to the component, now.
struct owns_instance {
  physical_id instance;
};

/// To itself: the predecessor of this instance had its time to hand over.
struct hand_over_timeout {
  physical_id successor;
};

/// A COMPONENT with the messages that only its own ORCHESTRATOR and it itself
/// send.
using component_self_actor
  = component_actor::extend<caf::reacts_to<recovery_over>,
                            caf::replies_to<owns_instance>::with<bool>,
                            caf::reacts_to<hand_over_timeout>>;

/// The COMPONENT: supervises one logical function or resource. Spawned by the
/// ORCHESTRATOR. It is the only owner of its placement and tries, for as long
/// as it exists, to keep exactly one instance running. When one of its targets
/// moves, it patches its own instance; no other actor does.
struct component_state {
  using pointer = component_self_actor::stateful_pointer<component_state>;
  static inline constexpr const char* name = "component";

  explicit component_state(pointer self);

  void init(component_spec spec, orchestrator_actor orchestrator,
            random_source random, bool awaits_recovery);

  // -- placement --------------------------------------------------------------
  void request_placement();
  void start_instance(const placement& at);
  void on_started(const physical_id& id);
  void on_start_failed(const physical_id& id, const caf::error& reason);
  void on_no_placement(const caf::error& reason);
  void on_session_lost(const session_id& session);
  void on_node_lost();
  void on_exited(const physical_id& id, const std::string& why);
  bool adopt(const inventory_record& record, const placement& at);
  bool adopt_frozen(const inventory_record& record, const placement& at);
  void drop_instance(std::string why);
  void retry_after(caf::timespan pause) {
    not_before = self->clock().now() + pause;
    self->delayed_send(self, pause, atom::tick_v);
  }
  void on_recovery_over();
  bool owns(const physical_id& id) const {
    auto is = [&](auto& x) {
      return x && x->instance == id;
    };
    return is(running) || is(starting) || is(moves.handing_over())
           || moves.targets(id) || (frozen && frozen->record.instance == id);
  }

  // -- state of the instance --------------------------------------------------
  void on_state_synced(const physical_id& id, const std::string& x);
  void fetch_state(const inventory_record& record, const placement& at);

  // -- patching ---------------------------------------------------------------
  void watch(const listener_actor& listener);
  void on_target_moved(const logical_id& target, const endpoint& at);
  void announce();
  void patch();
  /// What is started: the spec, in a process of its own if it is suspected.
  component_spec start_spec() const;
  output_map outputs() const;
  /// The endpoint of the running instance; empty: none runs.
  endpoint where() const {
    if (!running)
      return {};
    return {running->at.node, running->at.session, running->instance,
            running->at.invocation_url, running->predecessor};
  }

  component_status status() const;
  void stop();

  pointer self;
  component_spec spec;
  orchestrator_actor orchestrator;
  random_source random;

  /// The instance that runs; the source while it migrates.
  std::optional<placed_instance> running;
  /// The instance that is being started; never beside `running`.
  std::optional<placed_instance> starting;
  migration moves;

  /// An instance may run already, and so may those of its targets: it neither
  /// requests a placement nor patches until recovery is over.
  bool awaits_recovery = false;
  /// `running` was started by a former orchestrator.
  bool is_adopted = false;
  /// An instance that a node brought along frozen. Its successor may still be
  /// found; it is thawed if none was when recovery is over.
  struct frozen_candidate {
    inventory_record record;
    placement at;
  };
  std::optional<frozen_candidate> frozen;

  std::string state; ///< the newest one, if its policy is Global
  bool is_requesting_placement = false;
  std::string reason; ///< why no instance runs, or why the last one ended
  std::uint32_t restarts = 0;
  backoff pauses{std::chrono::milliseconds{100}, limits::back_off_max};
  caf::actor_clock::time_point not_before;
  caf::actor_clock::time_point running_since;
  /// When the instance that starts or runs was started; nullopt: it was
  /// adopted.
  std::optional<caf::actor_clock::time_point> started_at;
  loss_record losses;

  /// The components that feed this one.
  std::vector<listener_actor> listeners;
  /// The endpoints of the components that this one feeds.
  std::map<logical_id, endpoint> targets;
  std::uint64_t revision = 1; ///< of its outputs; never decreases
};

component_self_actor::behavior_type
component(component_state::pointer self, component_spec spec,
          orchestrator_actor orchestrator, random_source random,
          bool awaits_recovery);

} // namespace edgeless

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(edgeless::recovery_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(edgeless::owns_instance)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(edgeless::hand_over_timeout)
