// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"

#include "runtime/delivery/channel_policy.hpp"
#include "runtime/wasm/guest.hpp"

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

} // namespace edgeless
