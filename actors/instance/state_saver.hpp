// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/guest_holder.hpp"
#include "actors/instance/instance_host.hpp"

#include <caf/typed_response_promise.hpp>

namespace edgeless {

/// Does with the captured states of a guest what they are for: gives them to
/// the NODE for a migration, or as a checkpoint, or hibernates the guest. A
/// plain object of its instance's thread.
class state_saver {
public:
  using promise = caf::typed_response_promise<atom::ok>;

  state_saver(const function_options& options, guest_holder& guest,
              const instance_host& host, inbox& in)
    : options_{options}, guest_{guest}, host_{host}, in_{in} {
    // nop
  }

  // -- freezing ---------------------------------------------------------------
  /// The instance is frozen: answers when the guest is at rest and its state,
  /// if the successor is to have it, is in instance_registry::snapshots.
  void begin_freezing(promise answer);
  bool is_freezing() const {
    return freezing_.pending();
  }
  void fail_freezing(const caf::error& reason);
  /// The guest is at rest. True: its state is to be captured: call run().
  bool on_rest();
  /// CAF 0.17: a pending promise refers to its own actor, which would live on.
  void clear() {
    freezing_ = {};
  }

  // -- captured states --------------------------------------------------------
  /// The guest has captured its state. `is_idle`: no event waits for it. An
  /// error ends the instance: it shall keep its memory, and cannot.
  caf::error on_captured(bool is_idle);

private:
  void deliver_snapshot(const guest_state& state);
  caf::error save(caf::expected<guest_state> state);

  const function_options& options_;
  guest_holder& guest_;
  const instance_host& host_;
  inbox& in_;
  promise freezing_;
  bool has_failed_ = false; ///< the last checkpoint
};

} // namespace edgeless
