// SPDX-License-Identifier: MIT
#include "actors/orchestrator/relay_feed.hpp"

#include <algorithm>
#include <cassert>

namespace edgeless {

namespace {

constexpr std::string_view relayed_class = "http-ingress";

bool is_relayed(const component_spec& x) {
  return x.kind == component_kind::resource && x.class_id == relayed_class;
}

} // namespace

void relay_feed::on_joined(const node_description& node, const placement& at,
                           const component_registry& components) {
  if (std::ranges::none_of(
        node.providers, [](auto& x) { return x.class_type == relayed_class; }))
    return;
  nodes_[at.session] = at.handle;
  for (auto& [id, where] : endpoints_) {
    auto i = components.all().find(id);
    assert(i != components.all().end());
    self_->send(at.handle, atom::moved_v, i->second.spec, where);
  }
}

void relay_feed::on_moved(const component_spec& x, const endpoint& at) {
  if (!is_relayed(x))
    return;
  endpoints_[x.id] = at;
  for (auto& [session, node] : nodes_)
    self_->send(node, atom::moved_v, x, at);
}

void relay_feed::on_dropped(const component_spec& x) {
  if (endpoints_.erase(x.id) == 0)
    return;
  for (auto& [session, node] : nodes_)
    self_->send(node, atom::drop_v, x.id);
}

void relay_feed::keep(const std::vector<workflow_id>& workflows) {
  for (auto& [session, node] : nodes_)
    self_->send(node, atom::hosted_v, workflows);
}

} // namespace edgeless
