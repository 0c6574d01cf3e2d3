// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"

#include "runtime/base/log.hpp"
#include "runtime/metrics/sample_buffer.hpp"

#include <optional>

namespace edgeless {

/// The TELEMETRY of a node. Spawned by the NODE; its instances send here. Logs
/// the lines of guests at the level that the guest chose and life-cycle events
/// at `level`; without a level it logs nothing. Keeps the execution times, and
/// the lines that functions log for measurements, until the NODE drains them.
struct telemetry_state {
  static inline constexpr const char* name = "telemetry";

  explicit telemetry_state(telemetry_actor::pointer self);

  void log(const telemetry_event& x);
  void keep(const telemetry_event& x);
  void add(execution_times x);
  performance_samples drain(std::uint64_t taken);

  telemetry_actor::pointer self;
  instance_registry_ptr registry;
  std::optional<log_level> level;
  sample_buffer samples;
};

telemetry_actor::behavior_type
telemetry(telemetry_actor::stateful_pointer<telemetry_state> self,
          instance_registry_ptr registry, std::optional<log_level> level);

} // namespace edgeless
