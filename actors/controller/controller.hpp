// SPDX-License-Identifier: MIT
#pragma once

#include "actors/controller/workflow_table.hpp"

#include "runtime/base/log_throttle.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/metrics/domain_counters.hpp"
#include "runtime/net/transport.hpp"
#include "runtime/placement/domain_choice.hpp"

#include "messages/interfaces.hpp"

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

/// To itself: the pause before the next attempt to reach a domain is over.
struct redial {
  std::string domain;
};

/// A CONTROLLER with the messages that it sends to itself.
using controller_self_actor = controller_actor::extend<caf::reacts_to<redial>>;

/// The CONTROLLER (ε-CON): places each workflow in one domain. Spawned by the
/// program; dials the ORCHESTRATORs of its domains again and again; clients
/// connect to it.
struct controller_state {
  using pointer = controller_self_actor::stateful_pointer<controller_state>;
  static inline constexpr const char* name = "controller";

  explicit controller_state(pointer self);

  void init(controller_options options);

  // -- the connections to the domains -----------------------------------------
  struct domain {
    std::string url;
    orchestrator_actor handle; ///< null while it is not attached
    domain_description last;
    std::uint32_t attempts = 0; ///< that failed in a row
    caf::actor_clock::time_point gone_since;
  };

  void dial(const std::string& id);
  void on_dialled(const std::string& url, const caf::strong_actor_ptr& found,
                  const std::string& reason);
  void attach(const std::string& id, const orchestrator_actor& found);
  void on_attached(const std::string& id, const orchestrator_actor& found,
                   const domain_description& description);
  void on_unreachable(const std::string& id, const std::string& reason);
  void on_down(const caf::down_msg& x);
  caf::result<std::vector<domain_description>> describe();

  // -- the placement of workflows ---------------------------------------------
  using promise = caf::typed_response_promise<workflow_status>;
  using answers = std::map<std::string, domain_reasons>;

  caf::result<workflow_status> start(const workflow_id& id,
                                     const workflow_spec& spec);
  void place(const workflow_id& id, promise answer);
  void on_placement_answers(const workflow_id& id, answers& all,
                            promise answer);
  void host(const workflow_id& id, promise answer);
  template <class Request>
  void answer_status(Request request, const workflow_id& id, promise answer);
  caf::result<atom::ok> stop(const workflow_id& id);
  std::vector<workflow_id> list() const;
  caf::result<workflow_status> inspect(const workflow_id& id);
  domain* attached_domain(const std::string& id);

  void tick();
  void on_node_joined(const std::string& domain);
  void place_unhosted();
  void update_counts();

  pointer self;
  controller_options options;
  std::map<std::string, domain> domains;
  std::optional<workflow_table> workflows;
  /// The placements under way; true: a node has joined since, so that one more
  /// is needed if no domain was feasible.
  std::map<workflow_id, bool> placements;
  log_throttle throttle;
};

controller_self_actor::behavior_type controller(controller_state::pointer self,
                                                controller_options options);

} // namespace edgeless

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(edgeless::redial)
