// SPDX-License-Identifier: MIT
#include "actors/node/node.hpp"

#include "runtime/base/log.hpp"
#include "runtime/base/sha256.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

namespace edgeless {

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
  if (auto i = instances.find(id); i != instances.end() && i->second.running)
    return atom::ok_v;
  if (auto problem = add_entry(id, spec))
    return problem;
  auto& x = instances[id];
  x.is_activating = true;
  x.revision = outputs.revision;
  if (!state.empty())
    store_state(spec, state);
  drop_state_beyond_limit(spec);
  auto promise = self->make_response_promise<atom::ok>();
  self
    ->request(x.provider, limits::node_start, atom::start_v, id, spec, outputs,
              state_for(spec, state))
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

/// Adds an entry for an instance that is to be made, or returns why it cannot
/// be made.
caf::error node_state::add_entry(const physical_id& id,
                                 const component_spec& spec) {
  if (stopping)
    return fail(ec::stopping, "the node is stopping");
  auto provider = provider_of(spec);
  if (!provider)
    return fail(ec::unknown_class, "this node has no provider of "
                                     + spec.class_id
                                     + (spec.kind == component_kind::function
                                          ? " of type " + spec.function_type
                                          : std::string{}));
  auto [i, is_new] = instances.try_emplace(id);
  if (!is_new)
    return fail(ec::duplicate, "this instance is being started");
  i->second.spec = spec;
  i->second.provider = provider;
  return {};
}

/// The provider has made the instance; its init hook has not run yet.
void node_state::on_instance_made(const physical_id& id,
                                  const instance_actor& made) {
  auto i = instances.find(id);
  if (i == instances.end() || i->second.handle) {
    self->send(made, atom::stop_v);
    return;
  }
  auto& x = i->second;
  x.handle = made;
  self->monitor(made);
  instances_by_actor.emplace(made.id(), id);
  if (x.stopping)
    self->send(made, atom::stop_v);
}

/// The init hook of the instance has run.
void node_state::on_started(const physical_id& id) {
  if (auto i = instances.find(id); i != instances.end() && !i->second.stopping)
    set_running(id, i->second, true);
  ++registry->counters.starts;
}

void node_state::on_start_failed(const physical_id& id) {
  ++registry->counters.start_failures;
  auto i = instances.find(id);
  if (i != instances.end() && !i->second.handle)
    instances.erase(i);
  else
    stop(id);
}

void node_state::patch(const physical_id& id, const output_map& outputs) {
  auto i = instances.find(id);
  if (i == instances.end() || outputs.revision < i->second.revision)
    return;
  i->second.revision = outputs.revision;
  if (i->second.handle)
    self->send(i->second.handle, atom::patch_v, outputs);
}

void node_state::stop(const physical_id& id) {
  auto i = instances.find(id);
  if (i == instances.end() || i->second.stopping)
    return;
  auto& x = i->second;
  if (x.handed_over)
    return; // a forwarding stub ends by itself
  // The next instance of the component starts without the state that was synced
  // here. An instance that has never run leaves the state to the next one.
  if (x.running)
    drop_state(x.spec);
  set_running(id, x, false);
  x.stopping = true;
  if (x.handle)
    self->send(x.handle, atom::stop_v);
  else
    self->send(x.provider, atom::stop_v, id);
}

void node_state::exited(const physical_id& id, const std::string& reason) {
  auto i = instances.find(id);
  if (i == instances.end() || i->second.stopping)
    return;
  auto& x = i->second;
  x.stopping = true;
  if (x.handed_over)
    return; // the regular end of a forwarding stub
  log_warn("node", "instance ended: instance=", id, " component=", x.spec.name,
           " class=", x.spec.class_id, " reason=", reason);
  ++registry->counters.failures;
  set_running(id, x, false);
  if (x.has_unsent_state)
    send_state(id);
  if (orchestrator)
    self->send(orchestrator, atom::exited_v, session, x.spec.id, id, reason);
}

void node_state::on_down(const caf::down_msg& x) {
  if (orchestrator && x.source == orchestrator.address()) {
    on_orchestrator_lost("the connection is broken");
    return;
  }
  auto i = instances_by_actor.find(x.source.id());
  if (i == instances_by_actor.end())
    return;
  auto id = i->second;
  exited(id, explain(x.reason));
  registry->remove(id);
  instances.erase(id);
  instances_by_actor.erase(i);
  if (replaced.erase(id) > 0)
    announce_session();
  if (stopping && instances.empty())
    quit();
}

void node_state::set_running(const physical_id& id, instance_entry& x,
                             bool now) {
  if (x.running == now)
    return;
  x.running = now;
  running_digest += now ? digest(id) : -digest(id);
}

void node_state::fence(const fenced_sessions& ended) {
  // One message object for all receivers: it may hold a thousand sessions.
  auto message = caf::make_message(atom::fence_v, ended);
  auto send_to = [&](const auto& receiver) {
    caf::anon_send(caf::actor_cast<caf::actor>(receiver), message);
  };
  send_to(egress);
  send_to(ingress);
  for (auto& [id, x] : instances)
    if (x.handle)
      send_to(x.handle);
}

inventory node_state::running() const {
  inventory result;
  for (auto& [id, x] : instances)
    if (x.running)
      result.push_back({x.spec.id, id, x.spec.workflow, fingerprint(x.spec),
                        x.revision, x.freezing || x.frozen, fingerprint_of(x)});
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
            fail(ec::unknown_code,
                 "module " + code + " does not match its SHA-256 or size"));
      },
      [promise](const caf::error& x) mutable { promise.deliver(x); });
}

} // namespace edgeless
