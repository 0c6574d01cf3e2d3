// SPDX-License-Identifier: MIT
#pragma once

#include "actors/orchestrator/component_registry.hpp"
#include "actors/orchestrator/orchestrator_self.hpp"

#include "messages/interfaces.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace edgeless {

/// Compares what runs on a node with what its domain has placed there. While
/// instances start, stop and migrate, the two differ; when they differ in two
/// reports in a row, each instance that its COMPONENT does not own is stopped,
/// and COMPONENTs whose instance is missing are told. Part of its ORCHESTRATOR:
/// called by that actor only.
class reconciler {
public:
  reconciler(orchestrator_ptr self, component_registry& components)
    : self_{self}, components_{components} {
    // nop
  }

  /// A node reports this digest of its running instances.
  void on_report(const placement& at, std::uint64_t running);

  /// The session has ended.
  void forget(const session_id& session) {
    nodes_.erase(session);
  }

private:
  struct node_state {
    std::uint32_t mismatches = 0; ///< reports in a row
    bool is_fetching = false;     ///< the inventory
  };

  void reconcile(const placement& at, const inventory& there);
  void stop_unless_owned(const placement& at, const inventory_record& record);
  void stop(const placement& at, const inventory_record& record);

  orchestrator_ptr self_;
  component_registry& components_;
  std::map<session_id, node_state> nodes_;
};

} // namespace edgeless
