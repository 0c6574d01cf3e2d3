// SPDX-License-Identifier: MIT
#include "runtime/config/workflow_validation.hpp"

#include "runtime/base/sha256.hpp"
#include "runtime/placement/annotations.hpp"
#include "runtime/placement/known_settings.hpp"

#include "messages/message_size.hpp"

#include <algorithm>
#include <set>

namespace edgeless {

namespace {

using faults = std::vector<std::string>;

/// Whether a name has no control characters, which would affect terminals.
bool is_printable(std::string_view text) {
  return std::ranges::none_of(
    text, [](unsigned char x) { return x < 0x20 || x == 0x7f; });
}

/// The component's name, or its index in the workflow file.
std::string title(const workflow_spec& spec, const component_draft& draft) {
  if (!draft.name.empty() && is_printable(draft.name))
    return draft.name;
  auto index = 0;
  for (auto& other : spec.components)
    if (&other == &draft)
      break;
    else if (other.kind == draft.kind)
      ++index;
  auto function = draft.kind == component_kind::function;
  return (function ? "functions[" : "resources[") + std::to_string(index) + ']';
}

void check_word(const std::string& text, const std::string& what, faults& out) {
  if (text.empty())
    out.push_back("its " + what + " is empty");
  else if (!is_printable(text))
    out.push_back("its " + what + " has control characters");
}

void check_mapping(const component_draft& draft,
                   const std::set<std::string_view>& names, faults& out) {
  for (auto& [channel, target] : draft.output_mapping) {
    if (channel.empty() || !is_printable(channel)) {
      check_word(channel, "output channel", out);
      continue;
    }
    if (!names.contains(target))
      out.push_back("output \"" + channel
                    + "\" is mapped to an unknown component \"" + target
                    + "\"");
  }
}

void check_function(const component_draft& draft, faults& out) {
  check_word(draft.class_id, "class id", out);
  if (draft.function_type == container_type)
    out.push_back("functions in containers are not supported: there is no "
                  "container run-time; build it as a RUST_WASM function");
  else if (draft.function_type != wasm_type)
    out.push_back("function_type \"" + draft.function_type
                  + "\" is not RUST_WASM, which is the only one that runs");
}

void check_component(const component_draft& draft,
                     const std::set<std::string_view>& names, faults& out) {
  check_word(draft.name, "name", out);
  if (draft.kind == component_kind::function)
    check_function(draft, out);
  else if (draft.kind == component_kind::resource)
    check_word(draft.class_id, "class type", out);
  else
    out.push_back("it is neither a function nor a resource");
  check_mapping(draft, names, out);
  for (auto& fault : invalid_annotations(draft.kind, draft.settings))
    out.push_back(std::move(fault));
  for (auto& fault : missing_settings(draft))
    out.push_back(std::move(fault));
  if (draft.kind == component_kind::function)
    for (auto& fault : channel_faults(draft.settings, draft.outputs))
      out.push_back(std::move(fault));
}

} // namespace

faults structural_faults(const workflow_spec& spec) {
  auto result = size_faults(spec);
  std::set<std::string_view> names;
  std::set<std::string_view> twice;
  for (auto& draft : spec.components)
    if (!names.insert(draft.name).second && !draft.name.empty())
      twice.insert(draft.name);
  for (auto& name : twice)
    result.push_back(std::string{name} + ": several components have this name");
  for (auto& draft : spec.components) {
    faults out;
    check_component(draft, names, out);
    for (auto& fault : out)
      result.push_back(title(spec, draft) + ": " + fault);
  }
  return result;
}

faults validate(const workflow_spec& spec) {
  auto result = structural_faults(spec);
  for (auto& draft : spec.components)
    if (draft.function_type == wasm_type && !is_sha256(draft.code))
      result.push_back(title(spec, draft) + ": it has no module");
  return result;
}

} // namespace edgeless
