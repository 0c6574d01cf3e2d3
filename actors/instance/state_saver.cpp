// SPDX-License-Identifier: MIT
#include "actors/instance/state_saver.hpp"

#include "runtime/base/log.hpp"

#include <caf/send.hpp>

namespace edgeless {

// -- freezing -----------------------------------------------------------------

void state_saver::begin_freezing(promise answer) {
  freezing_ = std::move(answer);
  if (guest_.is_hibernated() || guest_.is_at_rest())
    on_rest();
}

void state_saver::fail_freezing(const caf::error& reason) {
  if (freezing_.pending())
    freezing_.deliver(reason);
}

bool state_saver::on_rest() {
  if (!freezing_.pending())
    return false;
  if (!guest_.keeps_memory())
    freezing_.deliver(atom::ok_v);
  else if (guest_.is_hibernated())
    deliver_snapshot(guest_.hibernated());
  else if (guest_.is_at_rest())
    guest_.capture(guest_holder::purpose::migration);
  return guest_.is_capturing();
}

void state_saver::deliver_snapshot(const guest_state& state) {
  options_.registry->snapshots.put(options_.id,
                                   guest_.encode(state, host_.delayed));
  freezing_.deliver(atom::ok_v);
}

// -- captured states ----------------------------------------------------------

caf::error state_saver::on_captured(bool is_idle) {
  auto [purpose, state] = guest_.take_captured();
  switch (purpose) {
  case guest_holder::purpose::migration:
    // Else it was thawed or stopped meanwhile.
    if (state && freezing_.pending())
      deliver_snapshot(*state);
    else if (!state)
      fail_freezing(state.error());
    return {};
  case guest_holder::purpose::hibernation:
    if (!state)
      guest_.stay_awake();
    else if (is_idle)
      guest_.hibernate(std::move(*state));
    on_rest();
    return {};
  case guest_holder::purpose::checkpoint:
    break;
  }
  auto error = save(std::move(state));
  on_rest();
  return error;
}

caf::error state_saver::save(caf::expected<guest_state> state) {
  auto& registry = *options_.registry;
  auto error = state ? caf::error{} : state.error();
  std::string snapshot;
  if (state) {
    snapshot = guest_.encode(std::move(*state), host_.delayed, in_.own_casts());
    if (snapshot.size() > limits::state)
      error
        = fail(ec::exhausted, "its state has " + std::to_string(snapshot.size())
                                + " bytes, expected at most "
                                + std::to_string(limits::state));
  }
  if (!error) {
    ++registry.counters.checkpoints;
    has_failed_ = false;
    if (registry.states.put(options_.id, snapshot))
      caf::anon_send(options_.node, atom::synced_v, options_.id);
    return {};
  }
  ++registry.counters.checkpoint_failures;
  if (error == ec::bad_module)
    return error;
  if (!std::exchange(has_failed_, true))
    log_warn("node", "no checkpoint: component=", options_.spec.name,
             " instance=", options_.id, " reason=", error);
  return {};
}

} // namespace edgeless
