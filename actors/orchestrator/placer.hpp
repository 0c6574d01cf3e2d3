// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/domain_counters.hpp"
#include "runtime/placement/placement.hpp"

#include "messages/interfaces.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace edgeless {

/// Which node of a domain may host a component. Knows the live nodes and the
/// cordons; a cordoned node gets nothing new. Sends no messages.
class placer {
public:
  placer(placement_strategy strategy, const random_source& random,
         std::shared_ptr<domain_counters> counts)
    : strategy_{strategy}, picker_{strategy, random}, counts_{
                                                        std::move(counts)} {
    // nop
  }

  /// A node has joined, maybe again with another session or description.
  void add(const node_description& node, const placement& at);
  void remove(const node_id& node);

  /// Null if the node is not in the domain.
  const placement* find(const node_id& node) const;

  /// A feasible node, chosen by the strategy of the domain.
  std::optional<placement> choose(const component_spec& spec);

  /// Why that node cannot host the component; empty if it can.
  std::vector<std::string> why_not(const component_spec& spec,
                                   const node_id& node) const;

  /// Why no node can host the component: each reason with the number of nodes,
  /// the most frequent first, in about limits::text bytes; "" if one can.
  std::string why_nowhere(const component_spec& spec) const;

  /// Whether nodes are or were in the domain, and none of them could host the
  /// component, even if it were idle and not cordoned. Nodes that have left may
  /// come back; a node without CPUs, such as that of the metrics-collector, may
  /// have joined before all others.
  bool is_never_feasible(const component_spec& spec) const;

  /// What keeps the nodes from hosting these components, within
  /// limits::reasons.
  obstacles why_not(const std::vector<component_spec>& specs);

  /// Cordons a node or lifts its cordon; false if nothing has changed. A cordon
  /// is bound to the node id: it survives sessions and restarts of the node.
  bool set_cordon(const node_id& node, bool is_on);

  bool is_cordoned(const node_id& node) const {
    return cordoned_.contains(node);
  }

  /// The sum of the nodes; `id` is left empty.
  domain_description describe() const;

private:
  struct candidate {
    node_description description;
    placement at;
  };

  placement_strategy strategy_;
  node_picker picker_; ///< the candidates that are not cordoned
  std::shared_ptr<domain_counters> counts_;
  std::map<node_id, candidate> candidates_;
  /// Nodes that have left, at most limits::former_nodes.
  std::map<node_id, node_description> former_;
  std::set<node_id> cordoned_;
};

/// The reasons in one sentence.
std::string join_reasons(const std::vector<std::string>& reasons);

} // namespace edgeless
