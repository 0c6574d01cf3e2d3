// SPDX-License-Identifier: MIT
#pragma once

#include "tools/proxy_cli/store.hpp"

#include "runtime/redis/mirror_reader.hpp"

#include <map>
#include <set>
#include <string>

/// Loads the mirror of a domain from Redis; all results are ordered by id.
namespace edgeless {

using mirrored_components = std::map<logical_id, mirrored_component>;

caf::expected<mirrored_components> load_components(store& from,
                                                   warnings& broken);

caf::expected<std::map<node_id, mirrored_capabilities>>
load_capabilities(store& from, warnings& broken);

caf::expected<std::map<node_id, mirrored_health>> load_health(store& from,
                                                              warnings& broken);

/// By provider id, which is any text.
caf::expected<std::map<std::string, mirrored_provider>>
load_providers(store& from, warnings& broken);

/// The components on one node.
struct node_load {
  std::set<logical_id> functions;
  std::set<logical_id> resources;
};
/// Nodes without components are not contained.
std::map<node_id, node_load> load_of_nodes(const mirrored_components& all);

} // namespace edgeless
