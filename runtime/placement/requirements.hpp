// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <compare>
#include <string>
#include <vector>

/// Deployment requirements: on which nodes a component may live.
namespace edgeless {

/// An empty member asks for nothing.
struct requirements {
  component_kind kind = component_kind::function;
  /// Of a function: the run-time that can execute it.
  std::string runtime;
  /// Of a resource: the class that a provider must make.
  std::string provider_class;
  /// Set if node_id_match_any names anybody. With only invalid names in it,
  /// no node is good enough.
  bool pinned = false;
  std::vector<node_id> nodes;         ///< node_id_match_any
  std::vector<std::string> labels;    ///< label_match_all
  std::vector<std::string> providers; ///< resource_match_all: their ids
  bool tee = false;
  bool tpm = false;

  friend auto operator<=>(const requirements&, const requirements&) = default;
};

/// Reads the annotations of a function or the configurations of a resource.
/// For what makes no sense there, see annotation_faults(). `max_instances` is
/// accepted and changes nothing: every component has one instance.
requirements requirements_of(const component_spec& spec);

/// Whether that component may live on that node.
bool feasible(const requirements& needs, const node_description& node);

/// One sentence for each requirement that the node does not satisfy; empty if
/// it is feasible.
std::vector<std::string> why_not(const requirements& needs,
                                 const node_description& node);

} // namespace edgeless
