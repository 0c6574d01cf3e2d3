// SPDX-License-Identifier: MIT
#include "actors/orchestrator/component.hpp"

#include "runtime/base/log.hpp"
#include "runtime/placement/state_policy.hpp"

#include <algorithm>
#include <cassert>

namespace edgeless {

using namespace std::chrono_literals;

namespace {

/// An instance that ran this long was healthy: the back-off starts anew when it
/// ends.
constexpr auto healthy_after = 10s;

/// The function in a process of its own.
component_spec isolated(component_spec x) {
  x.settings["isolation"] = "process";
  return x;
}

} // namespace

component_state::component_state(pointer self) : self{self}, moves{*this} {
  // nop
}

void component_state::init(component_spec x, orchestrator_actor y,
                           random_source z, bool w) {
  spec = std::move(x);
  orchestrator = std::move(y);
  random = std::move(z);
  awaits_recovery = w;
  reason = awaits_recovery ? "its node may still come back" : "not placed yet";
  request_placement();
}

// -- placement ----------------------------------------------------------------

void component_state::request_placement() {
  // An instance that was adopted and has ended does not come back.
  auto may_be_adopted = awaits_recovery && restarts == 0;
  if (running || starting || moves.is_active() || is_requesting_placement
      || may_be_adopted || self->clock().now() < not_before)
    return;
  is_requesting_placement = true;
  self->request(orchestrator, limits::local, atom::place_v, spec)
    .then(
      [this](const placement& at) {
        is_requesting_placement = false;
        start_instance(at);
      },
      [this](const caf::error& x) {
        is_requesting_placement = false;
        on_no_placement(x);
      });
}

void component_state::start_instance(const placement& at) {
  if (running || starting || moves.is_active()) {
    // An instance was adopted while the request was under way. The orchestrator
    // has recorded the new placement: announce the true one again.
    announce();
    return;
  }
  starting = placed_instance{at, draw<physical_id>(random)};
  started_at = self->clock().now();
  auto id = starting->instance;
  self
    ->request(at.handle, limits::node_start, atom::start_v, id, start_spec(),
              outputs(), state)
    .then(
      [this, id, node = at.handle](atom::ok) {
        if (starting && starting->instance == id)
          on_started(id);
        else // given up meanwhile
          self->send(node, atom::stop_v, id);
      },
      [this, id](const caf::error& x) { on_start_failed(id, x); });
}

component_spec component_state::start_spec() const {
  auto is_suspect
    = losses.is_to_be_isolated() && spec.kind == component_kind::function;
  return is_suspect ? isolated(spec) : spec;
}

void component_state::on_started(const physical_id& id) {
  assert(starting && starting->instance == id);
  assert(!running);
  if (starting->ended) {
    on_start_failed(id, fail(ec::guest_fault, *starting->ended));
    return;
  }
  running = std::exchange(starting, std::nullopt);
  running_since = self->clock().now();
  log_info("orchestrator", "started ", spec.name, ": class=", spec.class_id,
           " node=", running->at.node, " instance=", running->instance);
  announce();
  // Targets may have moved while the instance was started.
  patch();
}

void component_state::on_start_failed(const physical_id& id,
                                      const caf::error& x) {
  if (!starting || starting->instance != id)
    return;
  // The instance may run nevertheless: perhaps only the answer was late.
  self->send(starting->at.handle, atom::stop_v, id);
  log_warn("orchestrator", "cannot start ", spec.name,
           ": class=", spec.class_id, " node=", starting->at.node,
           " reason=", x);
  starting.reset();
  reason = explain(x);
  announce();
  retry_after(pauses.fail());
}

/// Retried at each keep-alive interval and when a node joins.
void component_state::on_no_placement(const caf::error& x) {
  if (auto why = explain(x); why != reason) {
    reason = why;
    log_warn("orchestrator", spec.name, " is pending: class=", spec.class_id,
             " reason=", reason);
  }
  announce();
}

void component_state::on_recovery_over() {
  if (!std::exchange(awaits_recovery, false))
    return;
  if (auto x = std::exchange(frozen, std::nullopt); x && !running)
    adopt(x->record, x->at);
  patch();
  request_placement();
}

void component_state::on_session_lost(const session_id& session) {
  if (frozen && frozen->at.session == session)
    frozen.reset();
  if (moves.on_session_lost(session))
    return;
  if (starting && starting->at.session == session) {
    starting.reset();
    reason = "its node was lost";
    on_node_lost();
  } else if (running && running->at.session == session) {
    drop_instance("its node was lost");
    on_node_lost();
  }
}

void component_state::on_node_lost() {
  using enum loss_record::consequence;
  auto now = self->clock().now();
  auto what = started_at ? losses.on_lost(now - *started_at) : none;
  if (what == none) {
    request_placement();
    return;
  }
  constexpr auto quick
    = std::chrono::duration_cast<std::chrono::seconds>(limits::quick_loss);
  reason = "its node was lost " + std::to_string(losses.losses())
           + " times in a row, each time within "
           + std::to_string(quick.count()) + " s of its start there";
  if (what == quarantine)
    reason += ": it is in quarantine for "
              + std::to_string(limits::quarantine.count()) + " min";
  else if (what == isolate && spec.kind == component_kind::function)
    reason += ": it gets a process of its own";
  log_warn("orchestrator", spec.name, " is suspected: class=", spec.class_id,
           " pause=", losses.pause(), " reason=", reason);
  announce();
  retry_after(losses.pause());
}

void component_state::on_exited(const physical_id& id, const std::string& why) {
  if (starting && starting->instance == id)
    starting->ended = why;
  moves.on_exited(id, why);
  if (!running || running->instance != id || moves.on_source_down(why))
    return;
  if (self->clock().now() - running_since > healthy_after)
    pauses.reset();
  drop_instance(why);
  // The first restart is immediate, repeated ones wait longer and longer.
  auto is_first = pauses.failures() == 0;
  auto pause = pauses.fail();
  if (is_first)
    request_placement();
  else
    retry_after(pause);
}

bool component_state::adopt(const inventory_record& record,
                            const placement& at) {
  if (moves.adopt(record, at))
    return true;
  if (running && running->instance == record.instance) {
    running->at = at;
  } else {
    if (record.spec != fingerprint(spec)
        && record.spec != fingerprint(isolated(spec)))
      return false;
    if (record.frozen && adopt_frozen(record, at))
      return true;
    if (running || starting || moves.is_active())
      return false;
    running = placed_instance{at, record.instance};
    is_adopted = true;
  }
  running_since = self->clock().now();
  started_at.reset();
  losses.clear();
  fetch_state(record, at);
  if (auto x = std::exchange(frozen, std::nullopt))
    moves.take_over_from(x->at, x->record.instance);
  revision = std::max(revision, record.outputs_revision);
  log_info("orchestrator", "adopted ", spec.name, ": class=", spec.class_id,
           " node=", at.node, " instance=", record.instance);
  announce();
  ++revision;
  patch();
  if (record.frozen && !moves.is_active())
    self->send(running->at.handle, atom::thaw_v, running->instance);
  return true;
}

/// The source of a migration that a former orchestrator has begun. If its
/// target was adopted, the source hands over to it. Otherwise it waits until
/// recovery is over for the target to be found.
bool component_state::adopt_frozen(const inventory_record& record,
                                   const placement& at) {
  if (running && is_adopted && !moves.handing_over() && !moves.is_active()) {
    moves.take_over_from(at, record.instance);
    announce();
    patch();
    return true;
  }
  auto is_free = !frozen || frozen->record.instance == record.instance;
  if (running || !awaits_recovery || !is_free)
    return false;
  frozen = frozen_candidate{record, at};
  fetch_state(record, at);
  return true;
}

void component_state::drop_instance(std::string why) {
  assert(running);
  log_info("orchestrator", "lost the instance of ", spec.name,
           ": class=", spec.class_id, " node=", running->at.node,
           " instance=", running->instance, " reason=", why);
  reason = std::move(why);
  ++restarts;
  running.reset();
  is_adopted = false;
  announce();
}

// -- state of the instance ----------------------------------------------------

void component_state::on_state_synced(const physical_id& id,
                                      const std::string& x) {
  auto is_source = moves.handing_over() && moves.handing_over()->instance == id;
  if (owns(id) && !is_source && x.size() <= limits::state
      && is_kept_by_domain(state_policy_for(spec)))
    state = x;
}

/// Fetches the last synced state of an adopted instance, unless it is known: it
/// may have been synced to an orchestrator that is gone.
void component_state::fetch_state(const inventory_record& record,
                                  const placement& at) {
  if (record.state == 0 || record.state == fingerprint_of_state(state)
      || !is_kept_by_domain(state_policy_for(spec)))
    return;
  auto id = record.instance;
  self->request(at.handle, limits::local, atom::state_v, id)
    .then(
      [this, id](const std::string& x) {
        if (!x.empty())
          on_state_synced(id, x);
      },
      [this, id](const caf::error& x) {
        log_warn("orchestrator", "cannot fetch the state of ", spec.name,
                 ": instance=", id, " reason=", x);
      });
}

// -- patching -----------------------------------------------------------------

void component_state::watch(const listener_actor& listener) {
  // Two channels of one component may have this one as their target.
  if (std::ranges::find(listeners, listener) == listeners.end())
    listeners.push_back(listener);
  self->send(listener, atom::moved_v, spec.id, where());
}

void component_state::announce() {
  auto at = where();
  self->send(orchestrator, atom::moved_v, spec.id, at);
  for (auto& x : listeners)
    self->send(x, atom::moved_v, spec.id, at);
}

void component_state::on_target_moved(const logical_id& target,
                                      const endpoint& at) {
  auto& last = targets[target];
  if (last == at)
    return;
  last = at;
  ++revision;
  patch();
}

/// A frozen source keeps its routes while its target is activated with the same
/// ones: a channel marker sent along both finds the same receiver. An adopted
/// instance keeps its routes until recovery is over: until then its targets are
/// not all known.
void component_state::patch() {
  if (awaits_recovery)
    return;
  if (running && !moves.is_activating())
    self->send(running->at.handle, atom::patch_v, running->instance, outputs());
  // The source that hands over may hold events for a target that moves.
  if (auto& source = moves.handing_over())
    self->send(source->at.handle, atom::patch_v, source->instance, outputs());
}

output_map component_state::outputs() const {
  output_map result;
  result.revision = revision;
  for (auto& [channel, target] : spec.wiring) {
    auto i = targets.find(target);
    result.channels.emplace(channel,
                            i == targets.end() ? endpoint{} : i->second);
  }
  return result;
}

// -- status and end -----------------------------------------------------------

component_status component_state::status() const {
  component_status result;
  result.id = spec.id;
  result.name = spec.name;
  result.kind = spec.kind;
  result.restarts = restarts;
  result.reason = running && restarts == 0 ? std::string{} : reason;
  result.phase = running                         ? component_phase::running
                 : starting || moves.is_active() ? component_phase::starting
                                                 : component_phase::pending;
  if (auto& x = running ? running : starting) {
    result.node = x->at.node;
    result.instance = x->instance;
  }
  return result;
}

void component_state::stop() {
  moves.cancel(fail(ec::stopping, "the component is stopped"));
  for (auto* x : {&running, &starting})
    if (*x)
      self->send((*x)->at.handle, atom::stop_v, (*x)->instance);
  if (frozen)
    self->send(frozen->at.handle, atom::stop_v, frozen->record.instance);
  self->quit();
}

component_self_actor::behavior_type
component(component_state::pointer self, component_spec spec,
          orchestrator_actor orchestrator, random_source random,
          bool awaits_recovery) {
  auto& st = self->state;
  st.init(std::move(spec), std::move(orchestrator), std::move(random),
          awaits_recovery);
  // clang-format off
  return {
    [&st](atom::watch, const listener_actor& x) { st.watch(x); },
    [&st](atom::moved, const logical_id& x, const endpoint& at) { st.on_target_moved(x, at); },
    [&st](atom::lost, const session_id& x) { st.on_session_lost(x); },
    [&st](atom::exited, const physical_id& x, const std::string& why) { st.on_exited(x, why); },
    [&st](atom::adopt, const inventory_record& x, const placement& at) { return st.adopt(x, at); },
    [&st](atom::inspect) { return st.status(); },
    [&st](atom::synced, const physical_id& x, const std::string& y) { st.on_state_synced(x, y); },
    [&st](atom::migrate, const placement& x) { return st.moves.request(x); },
    [&st](atom::tick) { st.request_placement(); },
    [&st](atom::stop) { st.stop(); },
    [&st](recovery_over) { st.on_recovery_over(); },
    [&st](const owns_instance& x) { return st.owns(x.instance); },
    [&st](const hand_over_timeout& x) { st.moves.end_hand_over(x.successor); },
  };
  // clang-format on
}

} // namespace edgeless
