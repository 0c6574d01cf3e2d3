// SPDX-License-Identifier: MIT
#include "tools/proxy_cli/domain.hpp"

#include "runtime/redis/keys.hpp"

#include "messages/errors.hpp"

namespace edgeless {

namespace {

/// Later versions of EDGELESS write the time of the last update under this id.
constexpr std::string_view last_update = "last_update";

/// Loads all values whose keys are `prefix` and an id.
template <class Id, class Value>
caf::expected<std::map<Id, Value>>
load(store& from, const keys::family& family, warnings& broken,
     const std::function<std::optional<Id>(const std::string&)>& read_id,
     caf::expected<Value> (*read)(std::string_view)) {
  auto found = from.keys(std::string{family.prefix});
  if (!found)
    return found.error();
  found->erase(family(last_update));
  std::map<Id, Value> result;
  auto problem = from.visit(
    *found, broken, [&](const std::string& key, const std::string& text) {
      auto id = read_id(std::string{family.id_of(key)});
      if (!id)
        return broken.add(key, "does not end with a UUID");
      auto value = read(text);
      if (!value)
        return broken.add(key, explain(value.error()));
      result.insert_or_assign(*id, std::move(*value));
    });
  if (problem)
    return problem;
  return result;
}

template <class Id>
std::optional<Id> uuid(const std::string& text) {
  return parse_id<Id>(text);
}

} // namespace

caf::expected<mirrored_components> load_components(store& from,
                                                   warnings& broken) {
  return load<logical_id, mirrored_component>(from, keys::instance, broken,
                                              uuid<logical_id>, read_component);
}

caf::expected<std::map<node_id, mirrored_capabilities>>
load_capabilities(store& from, warnings& broken) {
  return load<node_id, mirrored_capabilities>(
    from, keys::node_capabilities, broken, uuid<node_id>, read_capabilities);
}

caf::expected<std::map<node_id, mirrored_health>>
load_health(store& from, warnings& broken) {
  return load<node_id, mirrored_health>(from, keys::node_health, broken,
                                        uuid<node_id>, read_health);
}

caf::expected<std::map<std::string, mirrored_provider>>
load_providers(store& from, warnings& broken) {
  auto any = [](const std::string& text) {
    return std::optional{text};
  };
  return load<std::string, mirrored_provider>(from, keys::provider, broken, any,
                                              read_provider);
}

std::map<node_id, node_load> load_of_nodes(const mirrored_components& all) {
  std::map<node_id, node_load> result;
  for (auto& [id, x] : all)
    for (auto& instance : x.instances) {
      auto& node = result[instance.node];
      (x.kind == component_kind::function ? node.functions : node.resources)
        .insert(id);
    }
  return result;
}

} // namespace edgeless
