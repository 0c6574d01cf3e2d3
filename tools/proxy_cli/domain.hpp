// SPDX-License-Identifier: MIT
#pragma once

#include "tools/proxy_cli/store.hpp"

#include "runtime/redis/mirror_reader.hpp"

#include <map>
#include <set>
#include <string>

/// A domain as its mirror in Redis has it; everything in the order of ids.
namespace edgeless {

using mirrored_components = std::map<logical_id, mirrored_component>;

caf::expected<mirrored_components> load_components(store& from,
                                                   warnings& broken);

caf::expected<std::map<node_id, mirrored_capabilities>>
load_capabilities(store& from, warnings& broken);

caf::expected<std::map<node_id, mirrored_health>> load_health(store& from,
                                                              warnings& broken);

/// By their ids, which are free text.
caf::expected<std::map<std::string, mirrored_provider>>
load_providers(store& from, warnings& broken);

/// What lives on each node on which anything does.
struct node_load {
  std::set<logical_id> functions;
  std::set<logical_id> resources;
};
std::map<node_id, node_load> load_of_nodes(const mirrored_components& all);

} // namespace edgeless
