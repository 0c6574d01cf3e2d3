// SPDX-License-Identifier: MIT
#pragma once

#include "actors/controller/controller_self.hpp"
#include "actors/controller/domain_connections.hpp"
#include "actors/controller/workflow_table.hpp"

#include "runtime/base/log_throttle.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/metrics/domain_counters.hpp"
#include "runtime/net/transport.hpp"
#include "runtime/placement/domain_choice.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace edgeless {

/// The dependencies and settings of a controller.
struct controller_options {
  std::vector<domain_address> domains;
  std::shared_ptr<transport> net;
  /// Where workflows survive the process; null: they do not.
  std::shared_ptr<workflow_store> store;
  /// The workflows that the store has loaded.
  std::vector<stored_workflow> known;
  random_source random;
  std::shared_ptr<cluster_counters> counts
    = std::make_shared<cluster_counters>();
};

/// The CONTROLLER (ε-CON): places each workflow in one domain. Spawned by the
/// program; dials the ORCHESTRATORs of its domains again and again; clients
/// connect to it.
struct controller_state {
  using pointer = controller_self_actor::stateful_pointer<controller_state>;
  static inline constexpr const char* name = "controller";

  explicit controller_state(pointer self);

  void init(controller_options options);

  void on_attached(const std::string& domain);

  // -- the placement of workflows ---------------------------------------------
  using promise = caf::typed_response_promise<workflow_status>;
  using answers = std::map<std::string, obstacles>;

  caf::result<workflow_status>
  start(const workflow_id& id, const workflow_spec& spec, if_infeasible policy);
  void place(const workflow_id& id, promise answer,
             if_infeasible policy = if_infeasible::wait);
  void on_placement_answers(const workflow_id& id, answers& all, promise answer,
                            if_infeasible policy);
  void refuse(const workflow_id& id, const std::vector<std::string>& reasons,
              promise answer);
  void host(const workflow_id& id, promise answer);
  template <class Request>
  void answer_status(Request request, const workflow_id& id, promise answer);
  caf::result<atom::ok> stop(const workflow_id& id);
  std::vector<workflow_id> list() const;
  caf::result<workflow_status> inspect(const workflow_id& id);
  caf::result<workflow_status> migrate(const workflow_id& id,
                                       const std::string& domain);
  void leave(const workflow_id& id, const std::string& from,
             const std::string& domain, promise answer);

  void tick();
  void on_node_joined(const std::string& domain);
  void place_unhosted();
  void update_counts();

  pointer self;
  controller_options options;
  std::optional<domain_connections> domains;
  std::optional<workflow_table> workflows;
  /// The placements under way; true: a node has joined since, so that one more
  /// is needed if no domain was feasible.
  std::map<workflow_id, bool> placements;
  log_throttle throttle;
};

controller_self_actor::behavior_type controller(controller_state::pointer self,
                                                controller_options options);

} // namespace edgeless
