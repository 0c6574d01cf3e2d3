// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"

#include "runtime/base/log.hpp"
#include "runtime/metrics/sample_buffer.hpp"

#include <optional>

namespace edgeless {

/// The TELEMETRY of a node. Spawned by the NODE; told by its instances. Writes
/// what they did to the node's log: their own lines at the level they chose,
/// everything else at `level`; nothing at all without a level. Keeps how long
/// their events took until the NODE asks.
struct telemetry_state {
  static inline constexpr const char* name = "telemetry";

  explicit telemetry_state(telemetry_actor::pointer self);

  void observe(const telemetry_event& x);
  void keep(execution_times x);
  performance_samples drain(std::uint64_t taken);

  telemetry_actor::pointer self;
  instance_registry_ptr registry;
  std::optional<log_level> level;
  sample_buffer shelf;
};

telemetry_actor::behavior_type
telemetry(telemetry_actor::stateful_pointer<telemetry_state> self,
          instance_registry_ptr registry, std::optional<log_level> level);

} // namespace edgeless
