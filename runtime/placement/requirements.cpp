// SPDX-License-Identifier: MIT
#include "runtime/placement/requirements.hpp"

#include "runtime/placement/annotations.hpp"

#include <algorithm>
#include <cctype>

namespace edgeless {

namespace {

bool contains(const auto& range, const auto& x) {
  return std::ranges::find(range, x) != std::ranges::end(range);
}

// -- the constraints: each adds a reason unless it is satisfied ---------------

using reasons = std::vector<std::string>;

void has_cpus(const requirements& needs, const node_description& node,
              reasons& out) {
  if (needs.kind == component_kind::function
      && (node.capabilities.num_cpus == 0 || node.capabilities.num_cores == 0))
    out.push_back("has no CPUs");
}

void has_runtime(const requirements& needs, const node_description& node,
                 reasons& out) {
  if (needs.kind == component_kind::function
      && !contains(node.capabilities.runtimes, needs.runtime))
    out.push_back("run-time " + needs.runtime + " is missing");
}

void has_class(const requirements& needs, const node_description& node,
               reasons& out) {
  auto has_same_class = [&](auto& x) {
    return x.class_type == needs.provider_class;
  };
  if (needs.kind == component_kind::resource
      && std::ranges::none_of(node.providers, has_same_class))
    out.push_back("has no provider of class " + needs.provider_class);
}

void is_named(const requirements& needs, const node_description& node,
              reasons& out) {
  if (needs.pinned && !contains(needs.nodes, node.id))
    out.push_back("not among node_id_match_any");
}

void has_labels(const requirements& needs, const node_description& node,
                reasons& out) {
  for (auto& label : needs.labels)
    if (!contains(node.capabilities.labels, label))
      out.push_back("label \"" + label + "\" is missing");
}

void has_providers(const requirements& needs, const node_description& node,
                   reasons& out) {
  for (auto& id : needs.providers) {
    auto same = [&](auto& x) {
      return x.id == id;
    };
    if (std::ranges::none_of(node.providers, same))
      out.push_back("its provider list lacks " + (id.empty() ? "\"\"" : id));
  }
}

void has_tee(const requirements& needs, const node_description& node,
             reasons& out) {
  if (needs.tee && !node.capabilities.is_tee_running)
    out.push_back("no TEE");
}

void has_tpm(const requirements& needs, const node_description& node,
             reasons& out) {
  if (needs.tpm && !node.capabilities.has_tpm)
    out.push_back("no TPM");
}

constexpr decltype(&has_cpus) constraints[]
  = {has_cpus,   has_runtime,   has_class, is_named,
     has_labels, has_providers, has_tee,   has_tpm};

// -- reading ------------------------------------------------------------------

/// Case-insensitive; any other text means "not required".
bool is_required(std::string_view text) {
  auto same = [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == y;
  };
  return std::ranges::equal(text, std::string_view{"required"}, same);
}

void read(requirements& result, const std::string& key,
          const std::string& value) {
  if (key == "node_id_match_any") {
    result.pinned = !value.empty();
    for (auto item : split_list(value))
      if (auto id = parse_id<node_id>(item))
        result.nodes.push_back(*id);
  } else if (key == "label_match_all") {
    for (auto item : split_list(value))
      result.labels.emplace_back(item);
  } else if (key == "resource_match_all") {
    for (auto item : split_list(value))
      result.providers.emplace_back(item);
  } else if (key == "tee") {
    result.tee = is_required(value);
  } else if (key == "tpm") {
    result.tpm = is_required(value);
  }
}

} // namespace

requirements requirements_of(const component_spec& spec) {
  requirements result;
  result.kind = spec.kind;
  if (spec.kind == component_kind::function)
    result.runtime = spec.function_type;
  else
    result.provider_class = spec.class_id;
  for (auto& [key, value] : spec.settings)
    read(result, key, value);
  return result;
}

bool feasible(const requirements& needs, const node_description& node) {
  return std::ranges::all_of(constraints, [&](auto constraint) {
    reasons out;
    constraint(needs, node, out);
    return out.empty();
  });
}

std::vector<std::string> why_not(const requirements& needs,
                                 const node_description& node) {
  reasons result;
  for (auto constraint : constraints)
    constraint(needs, node, result);
  return result;
}

} // namespace edgeless
