// SPDX-License-Identifier: MIT
#include "tools/proxy_cli/node_names.hpp"

#include "tools/proxy_cli/format.hpp"

#include "runtime/base/log.hpp"

#include "messages/errors.hpp"

#include <algorithm>

namespace edgeless {

namespace {

constexpr std::string_view hostname_label = "hostname=";

} // namespace

caf::expected<node_names> node_names::load(store& from, node_format format) {
  warnings broken{false};
  auto nodes = load_capabilities(from, broken);
  if (!nodes)
    return nodes.error();
  node_names result;
  result.format_ = format;
  for (auto& [id, x] : *nodes)
    result.labels_.emplace(id, std::move(x.basic.labels));
  return result;
}

std::string node_names::operator()(const node_id& x) const {
  auto i = labels_.find(x);
  if (format_ == node_format::uuid || i == labels_.end() || i->second.empty())
    return to_string(x);
  if (format_ == node_format::labels)
    return joined(i->second);
  for (auto& label : i->second)
    if (label.starts_with(hostname_label))
      return printable(label.substr(hostname_label.size()));
  return to_string(x);
}

caf::expected<node_id> node_names::find(const std::string& text) const {
  if (auto id = parse_id<node_id>(text))
    return *id;
  std::vector<node_id> found;
  for (auto& [id, labels] : labels_)
    if (std::ranges::any_of(labels, [&](auto& label) {
          return label == text || label == std::string{hostname_label} + text;
        }))
      found.push_back(id);
  if (found.size() == 1)
    return found.front();
  return fail(
    ec::bad_input,
    "invalid node id " + printable(text) + ": "
      + (found.empty()
           ? "it is neither a UUID such as "
             "01234567-89ab-cdef-0123-456789abcdef nor the host name "
             "or a label of a node"
           : std::to_string(found.size()) + " nodes have this label"));
}

} // namespace edgeless
