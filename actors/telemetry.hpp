// SPDX-License-Identifier: MIT
#pragma once

#include "actors/neighbourhood.hpp"

#include "runtime/log.hpp"

#include <optional>

namespace edgeless {

/// The TELEMETRY of a node. Spawned by the NODE; told by its instances. Writes
/// what they did to the node's log: their own lines at the level they chose,
/// everything else at `level`; nothing at all without a level.
struct telemetry_state {
  static inline constexpr const char* name = "telemetry";

  explicit telemetry_state(telemetry_actor::pointer self);

  void observe(const telemetry_event& x);

  telemetry_actor::pointer self;
  neighbourhood_ptr hood;
  std::optional<log_level> level;
};

telemetry_actor::behavior_type
telemetry(telemetry_actor::stateful_pointer<telemetry_state> self,
          neighbourhood_ptr hood, std::optional<log_level> level);

} // namespace edgeless
