// SPDX-License-Identifier: MIT
#include "actors/node/relays.hpp"

#include "actors/resources/resource.hpp"

#include "runtime/base/log.hpp"

#include "messages/limits.hpp"

#include <caf/send.hpp>

#include <cassert>
#include <set>

namespace edgeless {

instance_actor relays::open(caf::actor_system& system,
                            const resource_context& context,
                            const std::string& class_type,
                            std::shared_ptr<resource_relay> relay) {
  component_spec spec;
  spec.name = class_type + " relay";
  spec.class_id = class_type;
  auto made = caf::actor_cast<instance_actor>(spawn_resource(
    system, context, draw<physical_id>(context.random), spec, relay->make()));
  caf::anon_send(made, atom::activate_v, output_map{}, std::string{},
                 instance_id{});
  auto is_new
    = entries_.emplace(class_type, entry{std::move(relay), made, {}, {}})
        .second;
  assert(is_new);
  static_cast<void>(is_new);
  return made;
}

void relays::on_moved(const component_spec& x, const endpoint& at) {
  auto i = entries_.find(x.class_id);
  if (i == entries_.end())
    return;
  auto& to = i->second;
  if (to.known.size() >= limits::relayed_resources && !to.known.contains(x.id))
    return log_warn("node",
                    "requests for a resource are not relayed: component=", x.id,
                    " name=", x.name, " workflow=", x.workflow,
                    " reason=limits::relayed_resources is reached");
  to.outputs.channels[to_string(x.id)] = at;
  patch(to);
  if (to.known.emplace(x.id, x.workflow).second)
    to.relay->add(x);
}

void relays::remove(const logical_id& x) {
  for (auto& [type, from] : entries_)
    if (from.known.contains(x)) {
      remove(from, x);
      patch(from);
    }
}

void relays::remove(entry& from, const logical_id& x) {
  from.relay->remove(x);
  from.known.erase(x);
  from.outputs.channels.erase(to_string(x));
  assert(from.known.size() == from.outputs.channels.size());
}

void relays::keep(const std::vector<workflow_id>& workflows) {
  std::set<workflow_id> wanted{workflows.begin(), workflows.end()};
  for (auto& [type, from] : entries_) {
    std::vector<logical_id> gone;
    for (auto& [id, workflow] : from.known)
      if (!wanted.contains(workflow))
        gone.push_back(id);
    for (auto& id : gone)
      remove(from, id);
    if (!gone.empty())
      patch(from);
  }
}

void relays::patch(entry& x) {
  ++x.outputs.revision;
  caf::anon_send(x.instance, atom::patch_v, x.outputs);
}

void relays::fence(const fenced_sessions& ended) {
  for (auto& [type, x] : entries_)
    caf::anon_send(x.instance, atom::fence_v, ended);
}

void relays::stop() {
  for (auto& [type, x] : entries_)
    caf::anon_send(x.instance, atom::stop_v);
}

bool relays::on_down(const caf::down_msg& x) {
  return std::erase_if(entries_,
                       [&](auto& entry) {
                         return entry.second.instance.address() == x.source;
                       })
         > 0;
}

void relays::kill() {
  for (auto& [type, x] : entries_)
    caf::anon_send_exit(x.instance, caf::exit_reason::user_shutdown);
  entries_.clear();
}

} // namespace edgeless
