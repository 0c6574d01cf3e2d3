// SPDX-License-Identifier: MIT
#pragma once

#include "actors/orchestrator/adoption.hpp"
#include "actors/orchestrator/component_registry.hpp"
#include "actors/orchestrator/intent_executor.hpp"
#include "actors/orchestrator/membership.hpp"
#include "actors/orchestrator/mirror_feed.hpp"
#include "actors/orchestrator/module_source.hpp"
#include "actors/orchestrator/orchestrator_self.hpp"
#include "actors/orchestrator/placer.hpp"
#include "actors/orchestrator/reconciler.hpp"
#include "actors/orchestrator/relay_feed.hpp"
#include "actors/threads.hpp"

#include "runtime/base/log_throttle.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/metrics/domain_counters.hpp"
#include "runtime/net/transport.hpp"
#include "runtime/placement/placement.hpp"
#include "runtime/redis/client.hpp"
#include "runtime/redis/mirror_schema.hpp"

#include "messages/interfaces.hpp"
#include "messages/limits.hpp"

#include <caf/typed_response_promise.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace edgeless {

/// The dependencies and settings of an orchestrator.
struct orchestrator_options {
  std::string domain_id;
  std::string url; ///< at which nodes and the controller reach it
  /// Between two keep-alives; zero: no polling.
  caf::timespan keep_alive_interval{std::chrono::seconds{2}};
  placement_strategy strategy = placement_strategy::random;
  /// By which joining nodes are probed; null: they are not.
  std::shared_ptr<transport> net;
  random_source random;
  std::shared_ptr<domain_counters> counts = std::make_shared<domain_counters>();
  /// The Redis that mirrors the domain and has its intents; may be empty.
  redis_opener mirror;
  mirror_schema schema = mirror_schema::v1_0;
  dataset_settings dataset; ///< CSV files beside the mirror
  std::size_t mirrored_samples = limits::samples; ///< of each instance
  threads where = threads::own;
};

/// The ORCHESTRATOR (ε-ORC) of one domain: hosts workflows, spawns a COMPONENT
/// for each of their functions and resources, and routes messages between
/// nodes, the controller and the COMPONENTs. Spawned by the program; nodes and
/// the controller connect to it.
struct orchestrator_state {
  using pointer = orchestrator_self_actor::stateful_pointer<orchestrator_state>;
  static inline constexpr const char* name = "orchestrator";

  explicit orchestrator_state(pointer self);

  void init(orchestrator_options options);
  void make_parts();
  membership::callbacks on_membership();

  // -- nodes ------------------------------------------------------------------
  void on_joined(const node_description& node, const placement& at,
                 const session_id& former, const inventory& brought,
                 membership::welcome_promise promise);
  void on_lost(const placement& at, const std::string& why);
  void on_report(const placement& at, const node_report& report);
  void forget_session(const session_id& session);
  std::size_t relocate_from(const session_id& session);
  void on_exited(const session_id& session, const logical_id& component,
                 const physical_id& instance, const std::string& why);
  void on_state_synced(const session_id& session, const logical_id& component,
                       const physical_id& instance, const std::string& state);

  // -- components -------------------------------------------------------------
  caf::result<placement> place(const component_spec& spec);
  void spawn_component(const component_spec& spec, bool awaits_recovery);
  void on_moved(const logical_id& component, const endpoint& at);
  /// After the messages that are in the mailbox now: many nodes may join at
  /// once.
  void schedule_retry() {
    if (!std::exchange(is_retry_scheduled, true))
      self->send(self, retry_pending{});
  }
  void retry_unplaced();

  // -- workflows --------------------------------------------------------------
  using statuses = std::vector<component_status>;
  using statuses_promise = caf::typed_response_promise<statuses>;

  struct hosted_workflow {
    std::vector<logical_id> components;
    std::size_t unreported = 0; ///< components that neither run nor have failed
    /// Requests to host it; answered when all components have reported.
    std::vector<statuses_promise> waiting{};
  };

  caf::result<statuses> host(const workflow_id& workflow,
                             const std::vector<component_spec>& specs);
  void answer_host(const workflow_id& workflow);
  caf::result<atom::ok> drop(const workflow_id& workflow);
  caf::result<statuses> inspect(const workflow_id& workflow);
  void collect_statuses(const workflow_id& workflow, statuses_promise promise);

  std::vector<workflow_id> hosted() const;
  obstacles why_not(const std::vector<component_spec>& specs);

  // -- the controller ---------------------------------------------------------
  caf::result<domain_description> attach(const std::string& domain,
                                         const controller_link_actor& x);
  domain_description describe() const {
    auto result = nodes->describe();
    result.id = options.domain_id;
    return result;
  }
  void on_workflows_named(const std::vector<workflow_id>& all);
  /// The controller may have workflows that were not feasible until now.
  void notify_controller() {
    if (controller_link)
      self->send(controller_link, atom::joined_v, options.domain_id);
  }

  void tick();
  void on_down(const caf::down_msg& x);
  void stop();

  pointer self;
  orchestrator_options options;

  // The parts of the orchestrator; see make_parts().
  std::optional<component_registry> components;
  std::optional<placer> nodes;
  std::optional<membership> members;
  std::optional<adoption> adopting;
  std::optional<reconciler> reconciling;
  std::optional<intent_executor> intents;
  module_source modules;
  mirror_feed mirrored;
  relay_feed relayed;

  std::map<workflow_id, hosted_workflow> workflows;
  controller_link_actor controller_link;
  log_throttle throttle;
  bool is_retry_scheduled = false;
  bool is_hosting_told = false; ///< to all nodes, after recovery
};

orchestrator_self_actor::behavior_type
orchestrator(orchestrator_state::pointer self, orchestrator_options options);

} // namespace edgeless
