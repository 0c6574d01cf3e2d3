// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"
#include "messages/node.hpp"

#include <cstdint>
#include <functional>
#include <set>
#include <vector>

namespace edgeless {

/// An instance that a node has brought along and whose component is not hosted,
/// maybe not yet.
struct orphan {
  inventory_record record;
  session_id session;
};

/// What an orchestrator that has just started does not know yet: which
/// instances run, and which of them are wanted. It is over when the controller
/// has named its workflows, all of them are hosted, and nodes had their time to
/// rejoin. Until then no instance is stopped as unwanted. Sends no messages.
class recovery {
public:
  void add(const inventory_record& record, const session_id& session);

  /// The session has ended, and its orphans with it.
  void forget(const session_id& session);

  /// An orphan has synced a state with this fingerprint.
  void on_state_synced(const physical_id& instance, std::uint64_t state);

  /// Takes the orphans of hosted components out, in the order in which they are
  /// to be adopted: running ones before frozen ones; of these, the one whose
  /// outputs were patched last comes first: the others may be stale.
  std::vector<orphan>
  claim(const std::function<bool(const logical_id&)>& is_hosted);

  /// The controller has named its workflows: those that are not hosted yet, and
  /// whether there are any at all. True: the time for nodes to rejoin begins
  /// now.
  bool on_workflows_named(std::set<workflow_id> unhosted, bool has_workflows);

  /// A workflow is hosted now. True: the controller has named it, so that it
  /// may run already.
  bool on_hosted(const workflow_id& workflow);

  /// Nodes had their time to rejoin.
  void on_timeout() {
    has_timed_out_ = true;
  }

  bool has_timed_out() const {
    return has_timed_out_;
  }

  bool is_over() const {
    return has_timed_out_ && unhosted_.empty();
  }

  /// The instances that no component has claimed.
  const std::vector<orphan>& orphans() const {
    return orphans_;
  }

private:
  std::vector<orphan> orphans_;
  bool is_named_ = false;
  std::set<workflow_id> unhosted_;
  bool has_timed_out_ = false;
};

} // namespace edgeless
