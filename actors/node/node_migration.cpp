// SPDX-License-Identifier: MIT
#include "actors/node/node.hpp"

#include "runtime/base/log.hpp"
#include "runtime/placement/annotations.hpp"

namespace edgeless {

// -- the successor ------------------------------------------------------------

caf::result<atom::ok> node_state::prepare(const physical_id& id,
                                          const component_spec& spec) {
  if (auto problem = take_in(id, spec))
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
        give_up(id);
        promise.deliver(x);
      });
  return promise;
}

void node_state::drop_unless_activated(const physical_id& id) {
  if (auto i = instances.find(id);
      i != instances.end() && !i->second.activating)
    stop(id);
}

caf::result<atom::ok>
node_state::activate(const physical_id& id, const output_map& outputs,
                     const std::string& state, const instance_id& predecessor) {
  auto i = instances.find(id);
  if (i == instances.end() || !i->second.handle || i->second.stopping)
    return fail(ec::unknown_instance, "nothing is prepared under that id");
  auto& x = i->second;
  if (x.running)
    return atom::ok_v;
  if (x.activating)
    return fail(ec::duplicate, "this instance is being started");
  // What was left here by an earlier life of the component is older.
  forget_state(x.spec);
  if (!state.empty())
    keep_state(x.spec, state);
  forget_state_without_room(x.spec);
  registry->admit(id, predecessor.node);
  self->delayed_send(
    self, limits::node_start + limits::hand_over + limits::peer_reach_timeout,
    atom::drop_v, id);
  x.activating = true;
  x.revision = std::max(x.revision, outputs.revision);
  auto promise = self->make_response_promise<atom::ok>();
  self
    ->request(x.handle, limits::node_start, atom::activate_v, outputs, state,
              predecessor)
    .then(
      [this, id, promise](atom::ok) mutable {
        begin(id);
        promise.deliver(atom::ok_v);
      },
      [this, id, promise](const caf::error& x) mutable {
        give_up(id);
        promise.deliver(x);
      });
  return promise;
}

// -- the predecessor ----------------------------------------------------------

/// What is frozen runs, as far as others are concerned: it may be thawed, also
/// before it is.
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
  x.unsent = false;
  set_running(id, x, false);
  forget_state(x.spec);
  self->send(x.handle, atom::hand_over_v, to, feeders);
}

// -- states -------------------------------------------------------------------

void node_state::synced(const physical_id& id, const std::string& state) {
  auto i = instances.find(id);
  if (i == instances.end() || i->second.stopping || i->second.handed_over)
    return;
  auto& x = i->second;
  auto policy = state_policy_of(x.spec.settings);
  if (policy == state_policy::transient)
    return;
  keep_state(x.spec, state);
  if (policy == state_policy::global) {
    x.unsent = true;
    if (!x.pacing)
      send_state(id);
  }
  forget_state_without_room(x.spec);
}

/// For a successor here; and for its component, whose orchestrator may forget
/// it.
void node_state::keep_state(const component_spec& spec,
                            const std::string& state) {
  auto& kept = states[spec.id];
  states_bytes += state.size() - kept.size();
  kept = state;
}

void node_state::forget_state_without_room(const component_spec& spec) {
  if (states_bytes <= limits::kept_states)
    return;
  log_warn("node", "no room to keep the state of ", spec.name);
  forget_state(spec);
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

/// Only the newest one counts, so they leave at a pace.
void node_state::send_state(const physical_id& id) {
  auto i = instances.find(id);
  if (i == instances.end())
    return;
  auto& x = i->second;
  x.pacing = x.unsent && orchestrator;
  if (!x.pacing)
    return;
  x.unsent = false;
  self->send(orchestrator, atom::synced_v, session, x.spec.id, id,
             state_for(x.spec, {}));
  self->delayed_send(self, limits::sync_pause, atom::synced_v, id);
}

void node_state::forget_state(const component_spec& spec) {
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
