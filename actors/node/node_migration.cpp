// SPDX-License-Identifier: MIT
#include "actors/node/node.hpp"

#include "runtime/base/log.hpp"
#include "runtime/placement/annotations.hpp"

namespace edgeless {

// -- on the target node -------------------------------------------------------

caf::result<atom::ok> node_state::prepare(const physical_id& id,
                                          const component_spec& spec) {
  if (auto problem = add_entry(id, spec))
    return problem;
  auto promise = self->make_response_promise<atom::ok>();
  self
    ->request(instances[id].provider, limits::node_start, atom::prepare_v, id,
              spec)
    .then(
      [this, id, promise](atom::ok) mutable {
        auto i = instances.find(id);
        if (i == instances.end() || i->second.stopping) {
          promise.deliver(fail(ec::stopping, "stopped before it was started"));
          return;
        }
        self->delayed_send(self, limits::prepared, atom::expire_v, id);
        promise.deliver(atom::ok_v);
      },
      [this, id, promise](const caf::error& x) mutable {
        on_start_failed(id);
        promise.deliver(x);
      });
  return promise;
}

void node_state::stop_unless_activated(const physical_id& id) {
  if (auto i = instances.find(id);
      i != instances.end() && !i->second.is_activating)
    stop(id);
}

caf::result<atom::ok>
node_state::activate(const physical_id& id, const output_map& outputs,
                     const std::string& state, const instance_id& predecessor) {
  auto i = instances.find(id);
  if (i == instances.end() || !i->second.handle || i->second.stopping)
    return fail(ec::unknown_instance, "no instance is prepared under that id");
  auto& x = i->second;
  if (x.running)
    return atom::ok_v;
  if (x.is_activating)
    return fail(ec::duplicate, "this instance is being started");
  // The state of an earlier instance on this node is older.
  drop_state(x.spec);
  if (!state.empty())
    store_state(x.spec, state);
  drop_state_beyond_limit(x.spec);
  registry->allow_forwarding(id, predecessor.node);
  self->delayed_send(
    self, limits::node_start + limits::hand_over + limits::peer_reach_timeout,
    atom::drop_v, id);
  x.is_activating = true;
  x.revision = std::max(x.revision, outputs.revision);
  auto promise = self->make_response_promise<atom::ok>();
  self
    ->request(x.handle, limits::node_start, atom::activate_v, outputs, state,
              predecessor)
    .then(
      [this, id, promise](atom::ok) mutable {
        on_started(id);
        promise.deliver(atom::ok_v);
      },
      [this, id, promise](const caf::error& x) mutable {
        on_start_failed(id);
        promise.deliver(x);
      });
  return promise;
}

// -- on the source node -------------------------------------------------------

/// A frozen instance still counts as running. It may be thawed, also while it is
/// freezing.
caf::result<std::string> node_state::freeze(const physical_id& id) {
  auto i = instances.find(id);
  if (i == instances.end() || !i->second.running)
    return fail(ec::unknown_instance, "that instance does not run here");
  auto promise = self->make_response_promise<std::string>();
  auto handle = i->second.handle;
  i->second.freezing = true;
  self->request(handle, limits::freeze, atom::freeze_v)
    .then(
      [this, id, promise](atom::ok) mutable {
        auto i = instances.find(id);
        if (i == instances.end() || !i->second.running) {
          promise.deliver(
            fail(ec::unknown_instance, "that instance has ended"));
          return;
        }
        auto& x = i->second;
        if (!std::exchange(x.freezing, false)) {
          promise.deliver(fail(ec::stopping, "that instance was thawed"));
          return;
        }
        x.frozen = true;
        auto follows = state_policy_of(x.spec.settings) == state_policy::global;
        promise.deliver(follows ? state_for(x.spec, {}) : std::string{});
      },
      [this, id, handle, promise](const caf::error& x) mutable {
        if (auto i = instances.find(id); i != instances.end())
          i->second.freezing = false;
        self->send(handle, atom::thaw_v);
        promise.deliver(x);
      });
  return promise;
}

void node_state::thaw(const physical_id& id) {
  auto i = instances.find(id);
  if (i == instances.end() || i->second.handed_over || !i->second.handle)
    return;
  i->second.freezing = i->second.frozen = false;
  self->send(i->second.handle, atom::thaw_v);
}

void node_state::hand_over(const physical_id& id, const endpoint& to,
                           std::uint32_t feeders) {
  auto i = instances.find(id);
  if (i == instances.end() || !i->second.frozen || i->second.stopping)
    return;
  auto& x = i->second;
  x.frozen = false;
  x.handed_over = true;
  x.has_unsent_state = false;
  set_running(id, x, false);
  drop_state(x.spec);
  self->send(x.handle, atom::hand_over_v, to, feeders);
}

// -- state --------------------------------------------------------------------

void node_state::on_synced(const physical_id& id, const std::string& state) {
  auto i = instances.find(id);
  if (i == instances.end() || i->second.stopping || i->second.handed_over)
    return;
  auto& x = i->second;
  auto policy = state_policy_of(x.spec.settings);
  if (policy == state_policy::transient)
    return;
  store_state(x.spec, state);
  if (policy == state_policy::global) {
    x.has_unsent_state = true;
    if (!x.is_state_paced)
      send_state(id);
  }
  drop_state_beyond_limit(x.spec);
}

/// Keeps the state for the next instance here, and for the component, since a
/// restarted orchestrator asks for it.
void node_state::store_state(const component_spec& spec,
                             const std::string& state) {
  auto& kept = states[spec.id];
  states_bytes += state.size() - kept.size();
  kept = state;
}

void node_state::drop_state_beyond_limit(const component_spec& spec) {
  if (states_bytes <= limits::kept_states)
    return;
  log_warn("node", "state dropped: component=", spec.id, " name=", spec.name,
           " reason=limits::kept_states reached");
  drop_state(spec);
}

caf::result<std::string> node_state::state(const physical_id& id) const {
  auto i = instances.find(id);
  if (i == instances.end() || !i->second.running)
    return fail(ec::unknown_instance, "that instance does not run here");
  return state_for(i->second.spec, {});
}

std::uint64_t node_state::fingerprint_of(const instance_entry& x) const {
  auto follows = state_policy_of(x.spec.settings) == state_policy::global;
  auto i = states.find(x.spec.id);
  return follows && i != states.end() ? fingerprint_of_state(i->second) : 0;
}

/// Sends the newest state to the component, at most one per limits::sync_pause.
void node_state::send_state(const physical_id& id) {
  auto i = instances.find(id);
  if (i == instances.end())
    return;
  auto& x = i->second;
  x.is_state_paced = x.has_unsent_state && orchestrator;
  if (!x.is_state_paced)
    return;
  x.has_unsent_state = false;
  self->send(orchestrator, atom::synced_v, session, x.spec.id, id,
             state_for(x.spec, {}));
  self->delayed_send(self, limits::sync_pause, atom::synced_v, id);
}

void node_state::drop_state(const component_spec& spec) {
  if (auto state = states.extract(spec.id))
    states_bytes -= state.mapped().size();
}

std::string node_state::state_for(const component_spec& spec,
                                  const std::string& given) const {
  if (!given.empty())
    return given;
  auto i = states.find(spec.id);
  return i == states.end() ? std::string{} : i->second;
}

} // namespace edgeless
