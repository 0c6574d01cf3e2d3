// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"

#include "runtime/delivery/channel_policy.hpp"
#include "runtime/wasm/guest.hpp"

#include "messages/interfaces.hpp"

#include <chrono>

namespace edgeless {

/// What an instance of a function is made of.
struct function_options {
  physical_id id;
  component_spec spec;
  guest_class_ptr code;
  guest_limits limits;
  channel_policies policies;
  /// A random number for the streams of reliable channels.
  std::uint64_t stream_seed = 0;
  /// How long events are held for a channel without target.
  std::chrono::milliseconds timeout{4'000};
  /// The credit for its inbox, shared with senders by the instance registry.
  credit_ptr room;
  instance_registry_ptr registry;
  egress_actor egress;
  telemetry_actor telemetry;
  /// Is told of synced states and of crashes.
  node_actor node;
};

/// An INSTANCE of a function, and its messages to itself.
using function_instance_actor = instance_actor::extend<
  // The guest was preempted: run its next slice. Or: the instance ends.
  caf::reacts_to<atom::proceed>,
  // The delayed cast with this number is due.
  caf::reacts_to<atom::due, std::uint64_t>,
  // The deadline of the call with this number.
  caf::reacts_to<atom::expire, std::uint64_t>,
  // Held events may have expired.
  caf::reacts_to<atom::expire>,
  // The guest, which computes in another process, has a request.
  caf::reacts_to<atom::report>,
  // Reliable channels may have credit, or a target to probe.
  caf::reacts_to<atom::retry>,
  // Execution times are sent to TELEMETRY.
  caf::reacts_to<atom::drain>,
  // Hold-back queues of the inbox may have expired.
  caf::reacts_to<atom::tick>,
  // The end of forwarding to a successor.
  caf::reacts_to<atom::hand_over>,
  // The deadline of a guest that is stopping.
  caf::reacts_to<atom::drop>>;

using function_instance_pointer = function_instance_actor::base*;

/// From `initialising` on there is a guest.
enum class instance_phase {
  prepared,
  initialising,
  running,
  frozen,     ///< handles no further event
  forwarding, ///< to its successor; the guest has only its stop hook left
  stopping,
  ended,
};

} // namespace edgeless
