// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <compare>
#include <string>
#include <vector>

/// Deployment requirements: on which nodes a component may be placed.
namespace edgeless {

/// An empty member requires nothing.
struct requirements {
  component_kind kind = component_kind::function;
  /// Of a function: its run-time.
  std::string runtime;
  /// Of a resource: its class, for which the node needs a provider.
  std::string provider_class;
  /// Whether node_id_match_any is not empty. With only invalid ids in it, no
  /// node is feasible.
  bool pinned = false;
  std::vector<node_id> nodes;         ///< node_id_match_any
  std::vector<std::string> labels;    ///< label_match_all
  std::vector<std::string> providers; ///< resource_match_all: their ids
  bool tee = false;
  bool tpm = false;

  friend auto operator<=>(const requirements&, const requirements&) = default;
};

/// Reads the annotations of a function or the configurations of a resource.
/// Invalid values are ignored, see invalid_annotations(). `max_instances` is
/// accepted without effect: every component has one instance.
requirements requirements_of(const component_spec& spec);

/// Whether a component with these requirements may be placed on the node.
bool feasible(const requirements& needs, const node_description& node);

/// One sentence for each unmet requirement; empty if the node is feasible.
std::vector<std::string> why_not(const requirements& needs,
                                 const node_description& node);

} // namespace edgeless
