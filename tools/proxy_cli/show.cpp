// SPDX-License-Identifier: MIT
#include "tools/proxy_cli/show.hpp"

#include "tools/proxy_cli/domain.hpp"
#include "tools/proxy_cli/lines.hpp"

#include "runtime/base/log.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

namespace edgeless {

namespace json = boost::json;

namespace {

/// The output of a listing: lines or a JSON object.
class listing {
public:
  explicit listing(bool as_json) : as_json_(as_json) {
    // nop
  }

  /// `line` and `value` are two forms of the same content.
  void add(const std::string& key, const std::string& line, json::value value) {
    if (as_json_)
      object_.insert_or_assign(key, std::move(value));
    else
      lines_ += printable(key) + " -> " + line + '\n';
  }

  /// `key` on a line of its own, then `lines`; `value` is the same content.
  void add_block(const std::string& key, const std::string& lines,
                 json::value value) {
    if (as_json_)
      object_.insert_or_assign(key, std::move(value));
    else
      lines_ += key + '\n' + lines;
  }

  void print(std::ostream& out) const {
    if (as_json_)
      out << json::serialize(object_) << '\n';
    else
      out << lines_;
  }

private:
  bool as_json_;
  std::string lines_;
  json::object object_;
};

/// The node ids or instance ids of all instances.
template <class Id>
std::vector<std::string> ids(const mirrored_component& x, Id instance_id::*of) {
  std::vector<std::string> result;
  for (auto& instance : x.instances)
    result.push_back(to_string(instance.*of));
  return result;
}

caf::error show_nodes(store& from, component_kind kind, warnings& broken,
                      listing& to) {
  auto all = load_components(from, broken);
  if (!all)
    return all.error();
  for (auto& [id, x] : *all) {
    auto nodes = ids(x, &instance_id::node);
    if (x.kind != kind)
      continue;
    if (kind == component_kind::function)
      to.add(to_string(id), joined(nodes), json::value_from(nodes));
    else if (!nodes.empty())
      to.add(to_string(id), nodes.front(), json::value_from(nodes.front()));
  }
  return caf::none;
}

caf::error show_physical(store& from, warnings& broken, listing& to) {
  auto all = load_components(from, broken);
  if (!all)
    return all.error();
  for (auto& [id, x] : *all) {
    auto instances = ids(x, &instance_id::instance);
    to.add(to_string(id), joined(instances), json::value_from(instances));
  }
  return caf::none;
}

caf::error show_workflows(store& from, warnings& broken, listing& to) {
  auto all = load_components(from, broken);
  if (!all)
    return all.error();
  for (auto& [id, x] : *all)
    if (x.workflow)
      to.add(to_string(id), to_string(x.workflow),
             json::value_from(to_string(x.workflow)));
  return caf::none;
}

caf::error show_instances(store& from, warnings& broken, listing& to) {
  auto all = load_components(from, broken);
  if (!all)
    return all.error();
  for (auto& [node, load] : load_of_nodes(*all)) {
    std::string lines;
    json::array functions;
    json::array resources;
    for (auto& id : load.functions) {
      lines += "[F] " + to_string(id) + '\n';
      functions.emplace_back(to_string(id));
    }
    for (auto& id : load.resources) {
      lines += "[R] " + to_string(id) + '\n';
      resources.emplace_back(to_string(id));
    }
    to.add_block(to_string(node), lines,
                 json::object{{"functions", std::move(functions)},
                              {"resources", std::move(resources)}});
  }
  return caf::none;
}

caf::error show_capabilities(store& from, warnings& broken, listing& to) {
  auto all = load_capabilities(from, broken);
  if (!all)
    return all.error();
  for (auto& [id, x] : *all) {
    auto object = json::value_from(x.basic).as_object();
    if (x.more) {
      object["disk_tot_space"] = x.more->disk_tot_space;
      object["num_gpus"] = x.more->num_gpus;
      object["model_name_gpu"] = x.more->model_name_gpu;
      object["mem_size_gpu"] = x.more->mem_size_gpu;
    }
    to.add(to_string(id), capabilities_line(x), std::move(object));
  }
  return caf::none;
}

caf::error show_health(store& from, warnings& broken, listing& to) {
  auto all = load_health(from, broken);
  if (!all)
    return all.error();
  for (auto& [id, x] : *all) {
    json::object object;
    for (auto& [name, figure] : x.figures)
      object[name] = figure;
    to.add(to_string(id), health_line(x), std::move(object));
  }
  return caf::none;
}

caf::error show_providers(store& from, warnings& broken, listing& to) {
  auto all = load_providers(from, broken);
  if (!all)
    return all.error();
  for (auto& [id, x] : *all)
    to.add(id, provider_line(x),
           json::object{{"class_type", x.class_type},
                        {"node_id", to_string(x.node)},
                        {"outputs", json::value_from(x.outputs)}});
  return caf::none;
}

caf::error fill(store& from, show_what what, warnings& broken, listing& to) {
  switch (what) {
  case show_what::functions:
    return show_nodes(from, component_kind::function, broken, to);
  case show_what::resources:
    return show_nodes(from, component_kind::resource, broken, to);
  case show_what::logical_to_physical:
    return show_physical(from, broken, to);
  case show_what::logical_to_workflow:
    return show_workflows(from, broken, to);
  case show_what::capabilities:
    return show_capabilities(from, broken, to);
  case show_what::health:
    return show_health(from, broken, to);
  case show_what::instances:
    return show_instances(from, broken, to);
  case show_what::providers:
    break;
  }
  return show_providers(from, broken, to);
}

} // namespace

caf::error show(store& from, show_what what, bool as_json, std::ostream& out) {
  warnings broken;
  listing all{as_json};
  if (auto problem = fill(from, what, broken, all))
    return problem;
  all.print(out);
  return caf::none;
}

} // namespace edgeless
