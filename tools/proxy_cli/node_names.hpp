// SPDX-License-Identifier: MIT
#pragma once

#include "tools/proxy_cli/domain.hpp"

namespace edgeless {

/// How nodes are printed, as in proxy_cli of EDGELESS. A node without such
/// labels is printed by its id.
enum class node_format {
  uuid,
  labels,  ///< all of its labels, separated by commas
  hostname ///< NAME of its label `hostname=NAME`
};

/// The names of the nodes of a domain.
class node_names {
public:
  static caf::expected<node_names> load(store& from, node_format format);

  /// The id, or the name in this format.
  std::string operator()(const node_id& x) const;

  /// A node by its id, its host name, or a label that no other node has. The
  /// error says what would be right.
  caf::expected<node_id> find(const std::string& text) const;

private:
  node_format format_ = node_format::uuid;
  std::map<node_id, std::vector<std::string>> labels_;
};

} // namespace edgeless
