// SPDX-License-Identifier: MIT
#pragma once

#include "actors/orchestrator/component_registry.hpp"
#include "actors/orchestrator/orchestrator_self.hpp"

#include "messages/interfaces.hpp"

#include <map>

namespace edgeless {

/// What an orchestrator tells its nodes of resources to which they may send,
/// although no component of theirs feeds them: of each http-ingress, the nodes
/// that provide that class.
class relay_feed {
public:
  explicit relay_feed(orchestrator_ptr self) : self_{self} {
    // nop
  }

  /// A node is a member; it is told of all resources that run.
  void on_joined(const node_description& node, const placement& at,
                 const component_registry& components);
  /// The session has ended; nil: nothing happens.
  void forget(const session_id& session) {
    nodes_.erase(session);
  }

  void on_moved(const component_spec& x, const endpoint& at);
  void on_dropped(const component_spec& x);
  /// These workflows are hosted, or about to be: nodes may know others, from
  /// before the orchestrator has started.
  void keep(const std::vector<workflow_id>& workflows);

private:
  orchestrator_ptr self_;
  std::map<session_id, node_actor> nodes_;
  /// Where each resource runs.
  std::map<logical_id, endpoint> endpoints_;
};

} // namespace edgeless
