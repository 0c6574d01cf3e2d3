// SPDX-License-Identifier: MIT
#include "messages/message_size.hpp"

#include "messages/limits.hpp"

#include <algorithm>

namespace edgeless {

namespace {

/// The ids of a component, and of the target of a channel, which a workflow
/// gets when it is started.
constexpr std::size_t component_ids = 2 * sizeof(logical_id);
constexpr std::size_t target_id = sizeof(logical_id) + 1;

/// Cuts a text at a character of UTF-8.
void cut(std::string& text, std::size_t bytes) {
  if (text.size() <= bytes)
    return;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80)
    --bytes;
  text.resize(bytes);
}

void shorten(const std::vector<std::string*>& texts, std::size_t total) {
  auto by_size = texts;
  std::ranges::sort(by_size, {}, [](auto* x) { return x->size(); });
  for (auto left = by_size.size(); auto* x : by_size) {
    cut(*x, total / left--);
    total -= x->size();
  }
}

void shorten_names(std::vector<std::string>& names, std::size_t total) {
  std::size_t kept = 0;
  for (; kept < names.size() && names[kept].size() < total; ++kept)
    total -= names[kept].size() + 1;
  if (kept == names.size())
    return;
  auto missing = names.size() - kept;
  names.resize(kept);
  names.push_back("and " + std::to_string(missing) + " more");
}

std::string too_large(const std::string& what, std::size_t size,
                      std::size_t max) {
  return what + " is too large: it has " + std::to_string(size)
         + " bytes, more than " + std::to_string(max);
}

std::string too_many(const std::string& what, std::size_t count,
                     std::size_t max) {
  return "it has " + std::to_string(count) + " " + what + ", more than "
         + std::to_string(max);
}

} // namespace

void shorten(std::vector<std::string>& texts, std::size_t total) {
  std::vector<std::string*> all;
  for (auto& x : texts)
    all.push_back(&x);
  shorten(all, total);
}

void shorten(std::vector<component_status>& statuses) {
  std::vector<std::string*> all;
  for (auto& x : statuses)
    all.push_back(&x.reason);
  shorten(all, limits::reasons);
}

void shorten(domain_description& domain, std::size_t total) {
  for (auto* x : {&domain.total.labels, &domain.total.runtimes,
                  &domain.resource_classes, &domain.providers})
    shorten_names(*x, total / 4);
}

std::vector<std::string> size_faults(const workflow_spec& spec) {
  std::vector<std::string> result;
  if (spec.components.size() > limits::components)
    result.push_back(
      too_many("components", spec.components.size(), limits::components));
  auto size = encoded_size(spec);
  auto entries = spec.annotations.size();
  for (auto& x : spec.components) {
    auto ids = component_ids + target_id * x.output_mapping.size();
    size += ids;
    entries += x.settings.size() + x.output_mapping.size() + x.outputs.size();
    auto where = x.name.substr(0, limits::name) + ": ";
    if (x.name.size() > limits::name)
      result.push_back(where
                       + too_large("its name", x.name.size(), limits::name));
    if (x.output_mapping.size() > limits::channels)
      result.push_back(where
                       + too_many("output channels", x.output_mapping.size(),
                                  limits::channels));
    if (auto own = encoded_size(x) + ids; own > limits::component)
      result.push_back(where
                       + too_large("the component", own, limits::component));
  }
  if (size > limits::workflow)
    result.push_back(too_large("the workflow", size, limits::workflow));
  if (entries > limits::workflow_entries)
    result.push_back(too_many("settings and output channels", entries,
                              limits::workflow_entries));
  return result;
}

std::string size_fault(const node_description& node) {
  for (auto* x : {&node.agent_url, &node.invocation_url})
    if (x->size() > limits::url)
      return too_large("a URL of the node", x->size(), limits::url);
  if (auto size = encoded_size(node); size > limits::node_description)
    return too_large("the description of the node", size,
                     limits::node_description);
  return {};
}

} // namespace edgeless
