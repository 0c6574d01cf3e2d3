// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/settings.hpp"
#include "runtime/config/workflow_store.hpp"
#include "runtime/metrics/domain_counters.hpp"
#include "runtime/modules/module_store.hpp"
#include "runtime/net/transport.hpp"

#include "messages/interfaces.hpp"
#include "messages/limits.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace edgeless {

/// What a controller is born with.
struct controller_options {
  std::vector<domain_address> domains;
  std::shared_ptr<transport> net;
  /// What must not be forgotten; nobody: everything is, with the process.
  std::shared_ptr<workflow_store> store;
  /// What the store has remembered.
  std::vector<stored_workflow> known;
  random_source random;
  std::shared_ptr<cluster_counters> counts
    = std::make_shared<cluster_counters>();
};

/// A CONTROLLER, and what it says to itself.
using controller_self_actor = controller_actor::extend<
  // The pause before that domain is dialled again is over.
  caf::reacts_to<atom::proceed, std::string>>;

/// The CONTROLLER (ε-CON): maps workflows to domains, and each to one. Spawned
/// by the program; dials the ORCHESTRATORs for ever; clients come to it.
struct controller_state {
  using pointer = controller_self_actor::stateful_pointer<controller_state>;
  static inline constexpr const char* name = "controller";

  explicit controller_state(pointer self);

  void init(controller_options options);
  void recall();

  struct domain {
    std::string url;
    orchestrator_actor handle; ///< nobody while it is not attached
    domain_description last;
    std::uint32_t attempts = 0;
    caf::actor_clock::time_point gone_since;
  };

  struct workflow {
    workflow_spec spec;
    std::vector<component_spec> components;
    std::string domain; ///< empty while pending
    std::vector<std::string> reasons;
    bool placing = false;
    bool again = false; ///< a node has joined meanwhile
  };

  // -- domains ----------------------------------------------------------------
  void dial(const std::string& id);
  void dialled(const std::string& url, const caf::strong_actor_ptr& whom,
               const std::string& reason);
  void attach(const std::string& id, const orchestrator_actor& whom);
  void attached(const std::string& id, const orchestrator_actor& whom,
                const domain_description& x);
  void lose(const std::string& id, const std::string& reason);
  void on_down(const caf::down_msg& x);
  caf::result<std::vector<domain_description>> describe();

  // -- workflows --------------------------------------------------------------
  using promise = caf::typed_response_promise<workflow_status>;

  caf::result<workflow_status> start(const workflow_id& id,
                                     const workflow_spec& spec);
  std::vector<component_spec> identify(const workflow_id& id,
                                       const workflow_spec& spec) const;
  void place(const workflow_id& id, promise answer);
  void choose(const workflow_id& id,
              const std::map<std::string, std::vector<std::string>>& reasons,
              promise answer);
  void host(const workflow_id& id, promise answer);
  caf::result<atom::ok> stop(const workflow_id& id);
  std::vector<workflow_id> list() const;
  caf::result<workflow_status> inspect(const workflow_id& id);
  void report(const workflow_id& id, promise answer,
              std::vector<component_status>& components) const;
  void excuse(const workflow_id& id, promise answer,
              const caf::error& why) const;
  workflow_status pending_status(const workflow_id& id) const;
  caf::error check(const workflow_spec& spec);
  caf::error save(const stored_workflow& x);
  bool has(const code_id& id);

  caf::expected<std::uint64_t> upload(const code_part& x);
  caf::result<code_part> fetch(const code_id& id, std::uint64_t offset);

  void tick();
  void node_joined(const std::string& domain);
  void look_after_workflows();
  void count();
  void leave();

  pointer self;
  controller_options options;
  std::map<std::string, domain> domains;
  std::map<workflow_id, workflow> workflows;
  std::set<workflow_id> pending; ///< those without a domain
  module_store code{limits::modules};
};

controller_self_actor::behavior_type controller(controller_state::pointer self,
                                                controller_options options);

} // namespace edgeless
