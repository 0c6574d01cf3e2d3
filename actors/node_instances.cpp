// SPDX-License-Identifier: MIT
#include "actors/node.hpp"

#include "runtime/annotations.hpp"
#include "runtime/log.hpp"
#include "runtime/sha256.hpp"

namespace edgeless {

namespace {

/// What predecessors left for their successors, all together.
constexpr std::size_t max_states_bytes = 64u << 20;

} // namespace

// -- instances ----------------------------------------------------------------

provider_actor node_state::provider_of(const component_spec& spec) const {
  if (spec.kind == component_kind::function)
    return spec.function_type == "RUST_WASM" ? functions : provider_actor{};
  auto i = resources.find(spec.class_id);
  return i == resources.end() ? provider_actor{} : i->second;
}

caf::result<atom::ok>
node_state::start(const physical_id& id, const component_spec& spec,
                  const output_map& outputs, const std::string& state) {
  if (stopping)
    return fail(ec::stopping, "the node is stopping");
  auto provider = provider_of(spec);
  if (!provider)
    return fail(ec::unknown_class, "this node makes no " + spec.class_id
                                     + (spec.kind == component_kind::function
                                          ? " of type " + spec.function_type
                                          : std::string{}));
  auto [i, is_new] = tenants.try_emplace(id);
  if (!is_new) {
    if (i->second.running)
      return atom::ok_v;
    return fail(ec::duplicate, "this instance is being started");
  }
  i->second.spec = spec;
  i->second.provider = provider;
  i->second.revision = outputs.revision;
  auto promise = self->make_response_promise<atom::ok>();
  self->request(provider, limits::node_start, atom::prepare_v, id, spec)
    .then(
      [this, id, outputs, state, promise](const instance_actor& made) {
        auto& x = tenants[id];
        x.handle = made;
        self->monitor(made);
        tenants_by_actor.emplace(made.id(), id);
        activate(id, outputs, state, promise);
      },
      [this, id, promise](const caf::error& x) mutable {
        ++hood->tally.start_failures;
        tenants.erase(id);
        promise.deliver(x);
      });
  return promise;
}

void node_state::activate(const physical_id& id, const output_map& outputs,
                          const std::string& state,
                          caf::typed_response_promise<atom::ok> promise) {
  auto& x = tenants[id];
  if (x.stopping) {
    self->send(x.handle, atom::stop_v);
    promise.deliver(fail(ec::stopping, "stopped before it was started"));
    return;
  }
  self
    ->request(x.handle, limits::node_start, atom::activate_v, outputs,
              state_for(x.spec, state), instance_id{})
    .then(
      [this, id, promise](atom::ok) mutable {
        if (auto i = tenants.find(id); i != tenants.end())
          set_running(id, i->second, true);
        ++hood->tally.starts;
        promise.deliver(atom::ok_v);
      },
      [this, id, promise](const caf::error& x) mutable {
        ++hood->tally.start_failures;
        stop(id);
        promise.deliver(x);
      });
}

void node_state::patch(const physical_id& id, const output_map& outputs) {
  auto i = tenants.find(id);
  if (i == tenants.end() || outputs.revision < i->second.revision)
    return;
  i->second.revision = outputs.revision;
  if (i->second.handle)
    self->send(i->second.handle, atom::patch_v, outputs);
}

void node_state::stop(const physical_id& id) {
  auto i = tenants.find(id);
  if (i == tenants.end() || i->second.stopping)
    return;
  auto& x = i->second;
  // A move starts afresh: what was synced here is of no use anymore. What has
  // never run leaves it to its successor.
  if (x.running)
    if (auto state = states.extract(x.spec.id))
      states_bytes -= state.mapped().size();
  set_running(id, x, false);
  x.stopping = true;
  if (x.handle)
    self->send(x.handle, atom::stop_v);
  else
    self->send(x.provider, atom::stop_v, id);
}

void node_state::exited(const physical_id& id, const std::string& reason) {
  auto i = tenants.find(id);
  if (i == tenants.end() || i->second.stopping)
    return;
  auto& x = i->second;
  log_warn("node", x.spec.name, " (", x.spec.class_id, ", instance ", id,
           ") ended: ", reason);
  ++hood->tally.failures;
  set_running(id, x, false);
  x.stopping = true;
  if (orchestrator)
    self->send(orchestrator, atom::exited_v, session, x.spec.id, id, reason);
}

void node_state::bereave(const caf::down_msg& x) {
  if (orchestrator && x.source == orchestrator.address()) {
    lose_orchestrator("the connection is broken");
    return;
  }
  auto i = tenants_by_actor.find(x.source.id());
  if (i == tenants_by_actor.end())
    return;
  auto id = i->second;
  exited(id, explain(x.reason));
  hood->remove(id);
  tenants.erase(id);
  tenants_by_actor.erase(i);
  if (unwanted.erase(id) > 0)
    tell_links();
  if (stopping && tenants.empty())
    leave();
}

void node_state::set_running(const physical_id& id, tenant& x, bool now) {
  if (x.running == now)
    return;
  x.running = now;
  running_digest += now ? digest(id) : -digest(id);
}

void node_state::fence(const node_id& peer, const session_id& dead) {
  self->send(links, atom::fence_v, peer, dead);
  self->send(gate, atom::fence_v, peer, dead);
  if (peer == birth.description.id)
    return; // a former session of our own
  for (auto& [id, x] : tenants)
    if (x.handle)
      self->send(x.handle, atom::fence_v, peer);
}

void node_state::synced(const physical_id& id, const std::string& state) {
  auto i = tenants.find(id);
  if (i == tenants.end() || i->second.stopping
      || state_policy_of(i->second.spec.settings) == state_policy::transient)
    return;
  auto& kept = states[i->second.spec.id];
  states_bytes += state.size() - kept.size();
  kept = state;
  if (states_bytes > max_states_bytes) {
    log_warn("node", "no room to keep the state of ", i->second.spec.name);
    states_bytes -= kept.size();
    states.erase(i->second.spec.id);
  }
}

std::string node_state::state_for(const component_spec& spec,
                                  const std::string& given) const {
  if (!given.empty())
    return given;
  auto i = states.find(spec.id);
  return i == states.end() ? std::string{} : i->second;
}

inventory node_state::running() const {
  inventory result;
  for (auto& [id, x] : tenants)
    if (x.running)
      result.push_back({x.spec.id, id, x.spec.workflow, fingerprint(x.spec),
                        x.revision, false});
  return result;
}

// -- modules ------------------------------------------------------------------

caf::result<std::string> node_state::fetch(const code_id& code) {
  if (!orchestrator)
    return fail(ec::unreachable, "no orchestrator to fetch the module from");
  auto promise = self->make_response_promise<std::string>();
  fetch_part(code, {}, promise);
  return promise;
}

void node_state::fetch_part(const code_id& code, std::string so_far,
                            caf::typed_response_promise<std::string> promise) {
  self
    ->request(orchestrator, limits::local, atom::fetch_v, code,
              std::uint64_t{so_far.size()})
    .then(
      [this, code, so_far, promise](const code_part& x) mutable {
        so_far += x.bytes;
        auto sound = x.size <= limits::module && so_far.size() <= x.size
                     && !x.bytes.empty();
        if (sound && so_far.size() < x.size && orchestrator)
          fetch_part(code, std::move(so_far), promise);
        else if (sound && sha256(so_far) == code)
          promise.deliver(std::move(so_far));
        else
          promise.deliver(
            fail(ec::unknown_code, "module " + code + " arrived damaged"));
      },
      [promise](const caf::error& x) mutable { promise.deliver(x); });
}

} // namespace edgeless
