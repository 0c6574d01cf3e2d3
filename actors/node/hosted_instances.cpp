// SPDX-License-Identifier: MIT
#include "actors/node/hosted_instances.hpp"

#include "runtime/base/log.hpp"
#include "runtime/placement/state_policy.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace edgeless {

using namespace std::chrono_literals;

// -- entries ------------------------------------------------------------------

/// Adds an entry for an instance that is to be made; an error says why it
/// cannot be made.
caf::error hosted_instances::add(const physical_id& id,
                                 const component_spec& spec) {
  if (is_shutting_down_)
    return fail(ec::stopping, "the node is stopping");
  if (entries_.size() >= limits::instances)
    return fail(ec::exhausted, "this node has "
                                 + std::to_string(limits::instances)
                                 + " instances, and takes no more");
  auto provider = node_.provider_of(spec);
  if (!provider)
    return fail(ec::unknown_class, "this node has no provider of "
                                     + spec.class_id
                                     + (spec.kind == component_kind::function
                                          ? " of type " + spec.function_type
                                          : std::string{}));
  auto [i, is_new] = entries_.try_emplace(id);
  if (!is_new)
    return fail(ec::duplicate, "this instance is being started");
  i->second.spec = spec;
  i->second.provider = provider;
  return {};
}

void hosted_instances::set_phase(const physical_id& id, hosted_instance& x,
                                 phase now) {
  assert(find(id) == &x);
  assert(x.now != phase::ended || now == phase::ended);
  auto was_running = x.is_running();
  x.now = now;
  if (now == phase::running || now >= phase::forwarding)
    snapshots_.erase(id);
  if (was_running != x.is_running())
    digest_ += was_running ? -edgeless::digest(id) : edgeless::digest(id);
}

inventory hosted_instances::running() const {
  inventory result;
  for (auto& [id, x] : entries_) {
    if (!x.is_running())
      continue;
    auto is_kept = is_kept_by_domain(state_policy_for(x.spec));
    result.push_back({x.spec.id, id, x.spec.workflow, fingerprint(x.spec),
                      x.outputs_revision, x.now != phase::running,
                      is_kept ? states_.fingerprint(x.spec.id) : 0});
  }
  assert(edgeless::digest(result) == digest_);
  return result;
}

// -- life cycle ---------------------------------------------------------------

caf::result<atom::ok>
hosted_instances::start(const physical_id& id, const component_spec& spec,
                        const output_map& outputs, const std::string& state) {
  if (auto* x = entry(id); x != nullptr && x->is_running())
    return atom::ok_v;
  if (auto problem = add(id, spec))
    return problem;
  auto& x = entries_.at(id);
  set_phase(id, x, phase::activating);
  x.outputs_revision = outputs.revision;
  if (!state.empty())
    keep_state(x, state);
  auto* kept = states_.find(spec.id);
  auto first_state = state.empty() && kept != nullptr ? *kept : state;
  return answer_when_started(
    id, node_.self->request(x.provider, limits::node_start, atom::start_v, id,
                            spec, outputs, std::move(first_state)));
}

/// Answers the request in hand when the instance has answered its activation.
template <class Request>
caf::result<atom::ok>
hosted_instances::answer_when_started(const physical_id& id, Request request) {
  auto promise = node_.self->make_response_promise<atom::ok>();
  request.then(
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

void hosted_instances::on_made(const physical_id& id,
                               const instance_actor& made) {
  auto* x = entry(id);
  if (x == nullptr || x->handle) {
    node_.self->send(made, atom::stop_v);
    return;
  }
  x->handle = made;
  node_.self->monitor(made);
  by_actor_.emplace(made.id(), id);
  if (x->is_ended())
    node_.self->send(made, atom::stop_v);
}

void hosted_instances::on_started(const physical_id& id) {
  if (auto* x = entry(id); x != nullptr && !x->is_ended())
    set_phase(id, *x, phase::running);
  ++node_.registry->counters.starts;
}

void hosted_instances::on_start_failed(const physical_id& id) {
  ++node_.registry->counters.start_failures;
  auto* x = entry(id);
  if (x != nullptr && !x->handle)
    entries_.erase(id);
  else
    stop(id);
}

void hosted_instances::patch(const physical_id& id, const output_map& outputs) {
  auto* x = entry(id);
  if (x == nullptr || outputs.revision < x->outputs_revision)
    return;
  x->outputs_revision = outputs.revision;
  if (x->handle)
    node_.self->send(x->handle, atom::patch_v, outputs);
}

void hosted_instances::stop(const physical_id& id) {
  auto* x = entry(id);
  if (x == nullptr || x->is_ended() || x->now == phase::forwarding)
    return; // a forwarding stub ends by itself
  // The next instance of the component starts without the state that was synced
  // here. An instance that has never run leaves the state to the next one.
  if (x->is_running())
    states_.erase(x->spec.id);
  set_phase(id, *x, phase::ended);
  if (x->handle)
    node_.self->send(x->handle, atom::stop_v);
  else
    node_.self->send(x->provider, atom::stop_v, id);
}

void hosted_instances::shut_down() {
  is_shutting_down_ = true;
  for (auto& [id, x] : entries_) {
    x.is_shutting_down = true;
    if (x.handle)
      node_.self->send(x.handle, atom::stop_v);
  }
}

void hosted_instances::kill() {
  for (auto& [id, x] : entries_)
    if (x.handle)
      caf::anon_send_exit(x.handle, caf::exit_reason::user_shutdown);
    else
      caf::anon_send(x.provider, atom::stop_v, id);
}

void hosted_instances::on_exited(const physical_id& id,
                                 const std::string& reason) {
  auto* x = entry(id);
  if (x == nullptr || x->is_ended())
    return;
  auto was_forwarding = x->now == phase::forwarding;
  set_phase(id, *x, phase::ended);
  if (was_forwarding)
    return; // the regular end of a forwarding stub
  log_warn("node", "instance ended: instance=", id, " component=", x->spec.name,
           " class=", x->spec.class_id, " reason=", reason);
  ++node_.registry->counters.failures;
  if (x->has_unsent_state)
    if (auto* state = states_.find(x->spec.id))
      send_state(id, *x, *state);
  node_.orchestrator->report_exit(x->spec.id, id, reason);
}

physical_id hosted_instances::on_down(const caf::down_msg& x) {
  auto i = by_actor_.find(x.source.id());
  if (i == by_actor_.end())
    return {};
  auto id = i->second;
  on_exited(id, explain(x.reason));
  node_.registry->remove(id);
  entries_.erase(id);
  by_actor_.erase(i);
  assert(by_actor_.size() <= entries_.size());
  return id;
}

void hosted_instances::fence(const caf::message& fenced) {
  for (auto& [id, x] : entries_)
    if (x.handle)
      caf::anon_send(caf::actor_cast<caf::actor>(x.handle), fenced);
}

// -- migration: on the target node --------------------------------------------

caf::result<atom::ok> hosted_instances::prepare(const physical_id& id,
                                                const component_spec& spec) {
  if (auto problem = add(id, spec))
    return problem;
  auto promise = node_.self->make_response_promise<atom::ok>();
  node_.self
    ->request(entries_.at(id).provider, limits::node_start, atom::prepare_v, id,
              spec)
    .then(
      [this, id, promise](atom::ok) mutable {
        if (auto* x = entry(id); x == nullptr || x->is_ended())
          return void(promise.deliver(
            fail(ec::stopping, "stopped before it was started")));
        node_.self->delayed_send(node_.self, limits::prepared, atom::expire_v,
                                 id);
        promise.deliver(atom::ok_v);
      },
      [this, id, promise](const caf::error& x) mutable {
        on_start_failed(id);
        promise.deliver(x);
      });
  return promise;
}

caf::result<atom::ok>
hosted_instances::activate(const physical_id& id, const output_map& outputs,
                           const std::string& state,
                           const instance_id& predecessor) {
  auto* x = entry(id);
  if (x == nullptr || !x->handle || x->is_ended())
    return fail(ec::unknown_instance, "no instance is prepared under that id");
  if (x->is_running())
    return atom::ok_v;
  if (x->now != phase::prepared)
    return fail(ec::duplicate, "this instance is being started");
  // The state of an earlier instance on this node is older.
  states_.erase(x->spec.id);
  auto whole = snapshots_.take(id) + state;
  if (!whole.empty() && whole.size() <= limits::state)
    keep_state(*x, whole);
  node_.registry->allow_forwarding(id, predecessor.node);
  node_.self->delayed_send(node_.self,
                           limits::node_start + limits::hand_over
                             + limits::peer_reach_timeout,
                           atom::drop_v, id);
  set_phase(id, *x, phase::activating);
  x->outputs_revision = std::max(x->outputs_revision, outputs.revision);
  return answer_when_started(
    id, node_.self->request(x->handle, limits::node_start, atom::activate_v,
                            outputs, std::move(whole), predecessor));
}

caf::result<atom::ok> hosted_instances::add_state(const physical_id& id,
                                                  const state_part& x) {
  auto* to = entry(id);
  if (to == nullptr || to->now != phase::prepared || to->is_ended())
    return fail(ec::unknown_instance, "no instance is prepared under that id");
  auto problem = snapshots_.append(id, x);
  return problem ? caf::result<atom::ok>{problem} : atom::ok_v;
}

// -- migration: on the source node --------------------------------------------

caf::result<state_part> hosted_instances::freeze(const physical_id& id) {
  auto* x = entry(id);
  if (x == nullptr || !x->is_running())
    return fail(ec::unknown_instance, "that instance does not run here");
  set_phase(id, *x, phase::freezing);
  auto promise = node_.self->make_response_promise<state_part>();
  node_.self->request(x->handle, limits::freeze, atom::freeze_v)
    .then(
      [this, id, promise](atom::ok) mutable {
        auto first = on_frozen(id);
        first ? promise.deliver(std::move(*first))
              : promise.deliver(std::move(first.error()));
      },
      [this, id, promise](const caf::error& why) mutable {
        thaw(id);
        promise.deliver(why);
      });
  return promise;
}

/// The first part of the state for the successor.
caf::expected<state_part> hosted_instances::on_frozen(const physical_id& id) {
  auto snapshot = node_.registry->snapshots.take(id).value_or("");
  auto* x = entry(id);
  if (x == nullptr || !x->is_running())
    return fail(ec::unknown_instance, "that instance has ended");
  if (x->now != phase::freezing)
    return fail(ec::stopping, "that instance was thawed");
  set_phase(id, *x, phase::frozen);
  if (state_policy_for(x->spec) == state_policy::global)
    if (auto* synced = states_.find(x->spec.id))
      snapshot = *synced;
  auto first = snapshots_.put(id, std::move(snapshot));
  if (!first)
    thaw(id);
  return first;
}

void hosted_instances::thaw(const physical_id& id) {
  auto* x = entry(id);
  if (x == nullptr || !x->is_running())
    return;
  set_phase(id, *x, phase::running);
  node_.self->send(x->handle, atom::thaw_v);
}

void hosted_instances::hand_over(const physical_id& id, const endpoint& to,
                                 std::uint32_t feeders) {
  auto* x = entry(id);
  if (x == nullptr || x->now != phase::frozen || x->is_ended())
    return;
  set_phase(id, *x, phase::forwarding);
  x->has_unsent_state = false;
  states_.erase(x->spec.id);
  node_.self->send(x->handle, atom::hand_over_v, to, feeders);
}

// -- state --------------------------------------------------------------------

void hosted_instances::on_synced(const physical_id& id) {
  auto state = node_.registry->states.take(id);
  auto* x = entry(id);
  if (!state || x == nullptr || x->is_ended() || x->now == phase::forwarding)
    return;
  auto policy = state_policy_for(x->spec);
  if (policy == state_policy::transient)
    return;
  auto is_kept = keep_state(*x, *state);
  if (!is_kept_by_domain(policy))
    return;
  x->has_unsent_state = is_kept;
  if (!x->is_state_paced)
    send_state(id, *x, *state);
}

void hosted_instances::on_sync_pause(const physical_id& id) {
  auto* x = entry(id);
  if (x == nullptr)
    return;
  x->is_state_paced = false;
  auto* state = states_.find(x->spec.id);
  if (x->has_unsent_state && state != nullptr)
    send_state(id, *x, *state);
}

/// Sends a state to the component. Only the newest state counts, so that the
/// next one waits: all instances that send states share limits::sync_rate, or
/// they would fill the connection.
void hosted_instances::send_state(const physical_id& id, hosted_instance& x,
                                  const std::string& state) {
  if (!node_.orchestrator->report_state(x.spec.id, id, state))
    return;
  x.has_unsent_state = false;
  x.is_state_paced = true;
  auto senders = static_cast<std::size_t>(std::ranges::count_if(
    entries_, [](auto& entry) { return entry.second.is_state_paced; }));
  auto pause = limits::sync_pause
               + senders * state.size() * std::chrono::nanoseconds{1s}
                   / limits::sync_rate;
  node_.self->delayed_send(node_.self, pause, atom::retry_v, id);
}

/// Says once that an instance's states are not kept: it may sync in a loop.
bool hosted_instances::keep_state(hosted_instance& x,
                                  const std::string& state) {
  auto& spec = x.spec;
  auto is_kept = states_.put(spec.id, state);
  if (std::exchange(x.is_state_refused, !is_kept) || is_kept)
    return is_kept;
  log_warn("node", "state not kept: component=", spec.id, " name=", spec.name,
           " bytes=", state.size(), " reason=limits::kept_states is reached");
  return false;
}

} // namespace edgeless
