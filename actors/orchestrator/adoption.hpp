// SPDX-License-Identifier: MIT
#pragma once

#include "actors/orchestrator/component_registry.hpp"
#include "actors/orchestrator/membership.hpp"
#include "actors/orchestrator/orchestrator_self.hpp"

#include "runtime/placement/recovery.hpp"

#include "messages/interfaces.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace edgeless {

/// Which of the instances that nodes bring along may stay. Each is offered to
/// its COMPONENT, which adopts or rejects it. During recovery, instances of
/// components that are not hosted yet wait as orphans. Part of its
/// ORCHESTRATOR: called by that actor only.
class adoption {
public:
  using instances = std::vector<physical_id>;

  adoption(orchestrator_ptr self, component_registry& components,
           membership& members)
    : self_{self}, components_{components}, members_{members} {
    // nop
  }

  bool is_recovering() const {
    return recovery_.has_value();
  }

  /// Offers what a node has brought along; passes on what it must stop.
  void on_joined(const placement& at, const inventory& brought,
                 std::function<void(instances&)> done);

  /// The session has ended; nil: nothing happens.
  void on_lost(const session_id& session);

  /// An instance of an unknown component has synced a state.
  void on_state_synced(const physical_id& instance, const std::string& state);

  /// A workflow is about to be hosted. True: it may run already.
  bool on_hosting(const workflow_id& workflow);

  /// These components are hosted now: they are offered their orphans.
  void on_hosted(const std::vector<logical_id>& components);

  /// See recovery::on_workflows_named().
  void on_workflows_named(std::set<workflow_id> unhosted, bool has_workflows);

  /// Nodes had their time to rejoin.
  void on_timeout();

private:
  auto offer(const inventory_record& record, const placement& at);
  void reject(const inventory_record& record, const placement& at);
  void stop_orphan(const orphan& x);
  void end_recovery_of(const logical_id& component);
  void finish_recovery();

  orchestrator_ptr self_;
  component_registry& components_;
  membership& members_;
  std::optional<recovery> recovery_{std::in_place}; ///< empty: it is over
};

} // namespace edgeless
