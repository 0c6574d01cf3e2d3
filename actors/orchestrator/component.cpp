// SPDX-License-Identifier: MIT
#include "actors/orchestrator/component.hpp"

#include "runtime/base/log.hpp"

#include <algorithm>

namespace edgeless {

using namespace std::chrono_literals;

namespace {

/// An instance that ran this long was healthy: its end starts a new count.
constexpr auto healthy = 10s;

/// The first pause before what failed is tried again; it doubles each time.
constexpr auto first_pause = 100ms;

} // namespace

component_state::component_state(pointer self) : self{self} {
  // nop
}

void component_state::init(component_spec x, orchestrator_actor y,
                           random_source z, bool w) {
  spec = std::move(x);
  orchestrator = std::move(y);
  random = std::move(z);
  waiting = w;
  reason = waiting ? "its node may still come back" : "not placed yet";
  seek();
}

// -- having a home ------------------------------------------------------------

void component_state::seek() {
  // Whoever has lived here and ended does not come back.
  auto expected = waiting && restarts == 0;
  if (home || attempt || moving || asking || expected
      || self->clock().now() < not_before)
    return;
  asking = true;
  self->request(orchestrator, limits::local, atom::place_v, spec)
    .then(
      [this](const placement& at) {
        asking = false;
        settle(at);
      },
      [this](const caf::error& x) {
        asking = false;
        wait_for_node(x);
      });
}

void component_state::settle(const placement& at) {
  if (home || attempt || moving) {
    // A node has brought an instance along meanwhile. The orchestrator thinks
    // of us where it has just placed us: say again where we live.
    announce();
    return;
  }
  attempt = placed_instance{at, draw<physical_id>(random), {}};
  auto id = attempt->instance;
  self
    ->request(at.handle, limits::node_start, atom::start_v, id, spec, outputs(),
              state)
    .then(
      [this, id, there = at.handle](atom::ok) {
        if (attempt && attempt->instance == id)
          arrive(id);
        else // taken back meanwhile
          self->send(there, atom::stop_v, id);
      },
      [this, id](const caf::error& x) { start_failed(id, x); });
}

void component_state::arrive(const physical_id& id) {
  if (attempt->ended) {
    start_failed(id, fail(ec::guest_fault, *attempt->ended));
    return;
  }
  home = std::exchange(attempt, std::nullopt);
  predecessor = {};
  home_since = self->clock().now();
  log_info("orchestrator", spec.name, " (", spec.class_id, ") runs on node ",
           home->at.node, " as ", id);
  announce();
  // What moved while it was being started.
  patch();
}

void component_state::start_failed(const physical_id& id, const caf::error& x) {
  if (!attempt || attempt->instance != id)
    return;
  // It may run nevertheless: perhaps only the answer was late.
  self->send(attempt->at.handle, atom::stop_v, id);
  log_warn("orchestrator", spec.name, " (", spec.class_id,
           ") does not start on node ", attempt->at.node, ": ", x);
  attempt.reset();
  reason = explain(x);
  announce();
  back_off();
}

/// Tried again at each keep-alive, and when a node joins.
void component_state::wait_for_node(const caf::error& x) {
  if (auto why = explain(x); why != reason) {
    reason = why;
    log_warn("orchestrator", spec.name, " (", spec.class_id,
             ") is pending: ", reason);
  }
  announce();
}

void component_state::back_off() {
  auto pause = std::min<caf::timespan>(
    first_pause * (1 << std::min(failures, 16u)), limits::back_off_max);
  ++failures;
  not_before = self->clock().now() + pause;
  self->delayed_send(self, pause, atom::tick_v);
}

void component_state::proceed() {
  if (!std::exchange(waiting, false))
    return;
  if (auto x = std::exchange(frozen_candidate_, std::nullopt); x && !home)
    adopt(x->record, x->at);
  patch();
  seek();
}

void component_state::lose(const session_id& session) {
  if (frozen_candidate_ && frozen_candidate_->at.session == session)
    frozen_candidate_.reset();
  if (lose_move(session))
    return;
  if (attempt && attempt->at.session == session) {
    attempt.reset();
    reason = "its node was lost";
    seek();
  } else if (home && home->at.session == session) {
    drop_instance("its node was lost");
    seek();
  }
}

void component_state::exited(const physical_id& id, const std::string& why) {
  if (attempt && attempt->instance == id)
    attempt->ended = why;
  if (moving && moving->successor.instance == id)
    moving->successor.ended = why;
  if (!home || home->instance != id || on_move_target_down(why))
    return;
  if (self->clock().now() - home_since > healthy)
    failures = 0;
  drop_instance(why);
  // The first time at once; what keeps failing waits longer and longer.
  if (failures > 0) {
    back_off();
    return;
  }
  ++failures;
  seek();
}

bool component_state::adopt(const inventory_record& record,
                            const placement& at) {
  if (adopt_moving(record, at))
    return true;
  auto same = home && home->instance == record.instance;
  if (!same && record.spec != fingerprint(spec))
    return false;
  if (!same && record.frozen && adopt_frozen(record, at))
    return true;
  if (!same && (home || attempt || moving))
    return false;
  home = placed_instance{at, record.instance, {}};
  home_since = self->clock().now();
  pull_state(record, at);
  if (!same) {
    predecessor = {};
    inherited = true;
  }
  if (auto x = std::exchange(frozen_candidate_, std::nullopt))
    succeed(x->at, x->record.instance);
  revision = std::max(revision, record.outputs_revision);
  log_info("orchestrator", spec.name, " (", spec.class_id, ") stays on node ",
           at.node, " as ", record.instance);
  announce();
  ++revision;
  patch();
  if (record.frozen && !moving)
    thaw_home();
  return true;
}

void component_state::drop_instance(std::string why) {
  log_info("orchestrator", spec.name, " (", spec.class_id,
           ") has lost its instance ", home->instance, " on node ",
           home->at.node, ": ", why);
  reason = std::move(why);
  ++restarts;
  home.reset();
  inherited = false;
  predecessor = {};
  announce();
}

// -- patching -----------------------------------------------------------------

void component_state::watch(const listener_actor& listener) {
  // Two channels may lead here from the same component.
  if (std::ranges::find(listeners, listener) == listeners.end())
    listeners.push_back(listener);
  self->send(listener, atom::moved_v, spec.id, where());
}

/// Nowhere: an empty one.
endpoint component_state::where() const {
  if (!home)
    return {};
  return {home->at.node, home->at.session, home->instance,
          home->at.invocation_url, predecessor};
}

void component_state::announce() {
  auto at = where();
  self->send(orchestrator, atom::moved_v, spec.id, at);
  for (auto& x : listeners)
    self->send(x, atom::moved_v, spec.id, at);
}

void component_state::learn(const logical_id& target, const endpoint& at) {
  auto& last = known[target];
  if (last == at)
    return;
  last = at;
  ++revision;
  patch();
}

/// Who is frozen keeps the ways it has: its successor begins with the same, so
/// that what either sends meets wherever those lead by now. So does who was
/// found running, until all is known that makes the new ones safe.
void component_state::patch() {
  if (waiting)
    return;
  auto frozen = moving && moving->at == move::step::activate;
  if (home && !frozen)
    self->send(home->at.handle, atom::patch_v, home->instance, outputs());
  // It may hold events for whoever lives somewhere by now.
  if (former)
    self->send(former->at.handle, atom::patch_v, former->instance, outputs());
}

output_map component_state::outputs() const {
  output_map result;
  result.revision = revision;
  for (auto& [channel, target] : spec.wiring) {
    auto i = known.find(target);
    result.channels.emplace(channel, i == known.end() ? endpoint{} : i->second);
  }
  return result;
}

// -- the rest -----------------------------------------------------------------

component_status component_state::status() const {
  component_status result;
  result.id = spec.id;
  result.name = spec.name;
  result.kind = spec.kind;
  result.restarts = restarts;
  result.reason = home && restarts == 0 ? std::string{} : reason;
  result.phase = home                ? component_phase::running
                 : attempt || moving ? component_phase::starting
                                     : component_phase::pending;
  if (auto& at = home ? home : attempt) {
    result.node = at->at.node;
    result.instance = at->instance;
  }
  return result;
}

void component_state::tick() {
  seek();
}

void component_state::stop() {
  end_move(fail(ec::stopping, "the component is stopped"));
  for (auto& x : {home, attempt})
    if (x)
      self->send(x->at.handle, atom::stop_v, x->instance);
  if (frozen_candidate_)
    self->send(frozen_candidate_->at.handle, atom::stop_v,
               frozen_candidate_->record.instance);
  self->quit();
}

component_self_actor::behavior_type
component(component_state::pointer self, component_spec spec,
          orchestrator_actor orchestrator, random_source random, bool waiting) {
  auto& st = self->state;
  st.init(std::move(spec), std::move(orchestrator), std::move(random), waiting);
  // clang-format off
  return {
    [&st](atom::watch, const listener_actor& x) { st.watch(x); },
    [&st](atom::moved, const logical_id& x, const endpoint& at) { st.learn(x, at); },
    [&st](atom::lost, const session_id& x) { st.lose(x); },
    [&st](atom::exited, const physical_id& x, const std::string& why) { st.exited(x, why); },
    [&st](atom::adopt, const inventory_record& x, const placement& at) { return st.adopt(x, at); },
    [&st](atom::inspect) { return st.status(); },
    [&st](atom::synced, const physical_id& x, const std::string& y) { st.synced(x, y); },
    [&st](atom::migrate, const placement& x) { return st.migrate(x); },
    [&st](atom::drop, const physical_id& x) { if (st.home && st.home->instance == x) st.former.reset(); },
    [&st](atom::proceed) { st.proceed(); },
    [&st](atom::tick) { st.tick(); },
    [&st](atom::stop) { st.stop(); },
  };
  // clang-format on
}

} // namespace edgeless
