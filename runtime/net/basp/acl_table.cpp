// SPDX-License-Identifier: MIT
#include "runtime/net/basp/acl_table.hpp"

#include "messages/event.hpp"
#include "messages/node.hpp"
#include "messages/type_ids.hpp"
#include "messages/workflow.hpp"

#include <caf/atom.hpp>

#include <algorithm>

namespace edgeless {

namespace {

std::string read_node(frame_cursor in) {
  node_id result;
  return in.read(result.high) && in.read(result.low) ? to_string(result) : "";
}

/// The messages that name their sender: the join request of a node, the
/// greeting of an egress, and the description of an orchestrator's domain.
acl_table::name_reader reader_for(const std::string& type) {
  if (type == wire_name<node_description>())
    return read_node;
  if (type == wire_name<greeting>())
    return [](frame_cursor in) {
      return in.skip(sizeof(greeting::link)) ? read_node(in) : "";
    };
  if (type == wire_name<domain_description>())
    return [](frame_cursor in) {
      std::string_view result;
      return in.read(result) ? std::string{result} : "";
    };
  return nullptr;
}

} // namespace

acl_table::acl_table(const message_acl_list& list) {
  for (auto& x : list) {
    auto is_response = x.atom.empty();
    std::string signature = is_response ? "@<>" : "@<>+@atom";
    entry e;
    e.max_size = x.max_size;
    e.has_response = x.has_response;
    e.atom = static_cast<std::uint64_t>(caf::atom_from_string(x.atom));
    for (auto& type : x.types) {
      signature += '+';
      signature += type;
      e.layouts.push_back(find_layout(type));
    }
    if (!x.types.empty())
      e.read_sender = reader_for(x.types.front());
    if (std::ranges::count(e.layouts, nullptr) > 0)
      continue;
    // Responses have no atom, so those with the same types share an entry.
    auto& same = (is_response ? responses_ : requests_)[signature];
    if (!is_response || same.empty())
      same.push_back(std::move(e));
    else
      same.front().max_size = std::max(same.front().max_size, e.max_size);
  }
}

const acl_table::entry* acl_table::request(std::string_view signature,
                                           std::uint64_t atom) const {
  auto i = requests_.find(signature);
  if (i == requests_.end())
    return nullptr;
  for (auto& x : i->second)
    if (x.atom == atom)
      return &x;
  return nullptr;
}

const acl_table::entry* acl_table::response(std::string_view signature) const {
  auto i = responses_.find(signature);
  return i != responses_.end() ? &i->second.front() : nullptr;
}

} // namespace edgeless
