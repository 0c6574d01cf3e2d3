// SPDX-License-Identifier: MIT
#include "tools/proxy_cli/show.hpp"

#include "tools/proxy_cli/domain.hpp"
#include "tools/proxy_cli/format.hpp"

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

  /// `key` on a line of its own, then `format`; `value` is the same content.
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

/// Calls `add` with each id and value of `all`.
template <class All, class Add>
caf::error for_each(caf::expected<All> all, Add add) {
  if (!all)
    return all.error();
  for (auto& [id, x] : *all)
    add(id, x);
  return caf::none;
}

caf::error show_components(store& from, show_what what, const node_names& names,
                           warnings& broken, listing& to) {
  return for_each(load_components(from, broken), [&](auto& id, auto& x) {
    auto key = to_string(id);
    auto add_list = [&](const std::vector<std::string>& items) {
      to.add(key, joined(items), json::value_from(items));
    };
    auto add_text = [&](const std::string& text) {
      to.add(key, text, json::value_from(text));
    };
    auto is_function = x.kind == component_kind::function;
    if (what == show_what::logical_to_physical)
      add_list(ids(x, &instance_id::instance));
    else if (what == show_what::functions && is_function)
      add_list(ids(x, &instance_id::node));
    else if (what == show_what::resources && !is_function
             && !x.instances.empty())
      add_text(names(x.instances.front().node));
    else if (what == show_what::logical_to_workflow && x.workflow)
      add_text(to_string(x.workflow));
  });
}

caf::error show_instances(store& from, const node_names& names,
                          warnings& broken, listing& to) {
  auto all = load_components(from, broken);
  if (!all)
    return all.error();
  for (auto& [node, load] : load_of_nodes(*all)) {
    std::string lines;
    auto add = [&](const std::set<logical_id>& components, const char* mark) {
      json::array result;
      for (auto& id : components) {
        lines += mark + to_string(id) + '\n';
        result.emplace_back(to_string(id));
      }
      return result;
    };
    json::object value;
    value["functions"] = add(load.functions, "[F] ");
    value["resources"] = add(load.resources, "[R] ");
    to.add_block(names(node), lines, std::move(value));
  }
  return caf::none;
}

json::object object_of(const mirrored_capabilities& x) {
  auto result = json::value_from(x.basic).as_object();
  if (!x.has_more)
    for (auto key :
         {"disk_tot_space", "num_gpus", "model_name_gpu", "mem_size_gpu"})
      result.erase(key);
  return result;
}

caf::error fill(store& from, show_what what, const node_names& names,
                warnings& broken, listing& to) {
  switch (what) {
  case show_what::capabilities:
    return for_each(load_capabilities(from, broken), [&](auto& id, auto& x) {
      to.add(names(id), capabilities_line(x), object_of(x));
    });
  case show_what::health:
    return for_each(load_health(from, broken), [&](auto& id, auto& x) {
      to.add(names(id), health_line(x), json::value_from(x.figures));
    });
  case show_what::providers:
    return for_each(load_providers(from, broken), [&](auto& id, auto& x) {
      to.add(id, provider_line(x),
             json::object{{"class_type", x.class_type},
                          {"node_id", to_string(x.node)},
                          {"outputs", json::value_from(x.outputs)}});
    });
  case show_what::instances:
    return show_instances(from, names, broken, to);
  default:
    return show_components(from, what, names, broken, to);
  }
}

} // namespace

caf::error show(store& from, show_what what, node_format nodes, bool as_json,
                std::ostream& out) {
  // Names need not be unique, as the keys of an object are.
  auto names = node_names::load(from, as_json ? node_format::uuid : nodes);
  if (!names)
    return names.error();
  warnings broken;
  listing all{as_json};
  if (auto problem = fill(from, what, *names, broken, all))
    return problem;
  all.print(out);
  return caf::none;
}

} // namespace edgeless
