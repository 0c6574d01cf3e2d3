// SPDX-License-Identifier: MIT
#include "actors/node/telemetry.hpp"

#include <chrono>

namespace edgeless {

namespace {

log_level level_of(std::uint32_t guest_level) {
  switch (guest_level) {
  case 2:
    return log_level::warn;
  case 3:
    return log_level::info;
  case 4:
    return log_level::debug;
  case 5:
    return log_level::trace;
  default:
    return log_level::error;
  }
}

std::string_view verb(telemetry_kind kind) {
  switch (kind) {
  case telemetry_kind::instantiated:
    return "instantiated";
  case telemetry_kind::initialised:
    return "initialised";
  case telemetry_kind::stopped:
    return "stopped";
  default:
    return "exited";
  }
}

} // namespace

telemetry_state::telemetry_state(telemetry_actor::pointer self) : self{self} {
  // nop
}

void telemetry_state::log(const telemetry_event& x) {
  if (x.kind == telemetry_kind::measurement) {
    registry->log_credit->give_back(1, x.text.size());
    keep(x);
    return;
  }
  if (x.kind == telemetry_kind::log) {
    registry->log_credit->give_back(1, x.text.size());
    if (level)
      log_line(level_of(x.level), "function", x.class_id, " ",
               x.source.instance, " ", x.target, ": ", x.text);
    return;
  }
  if (!level)
    return;
  auto failed = x.kind == telemetry_kind::exited && !x.text.empty();
  auto status = x.kind != telemetry_kind::exited ? std::string{}
                : failed                         ? ": error, " + x.text
                                                 : std::string{": ok"};
  log_line(failed ? log_level::warn : *level, "function", x.class_id, " ",
           x.source.instance, " ", verb(x.kind), status,
           x.kind == telemetry_kind::stopped && !x.text.empty() ? ": " : "",
           x.kind == telemetry_kind::stopped ? x.text : std::string{});
}

/// With the time of arrival, as in EDGELESS.
void telemetry_state::keep(const telemetry_event& x) {
  auto now = std::chrono::duration_cast<std::chrono::microseconds>(
    std::chrono::system_clock::now().time_since_epoch());
  samples.add(function_log{x.source.instance, now.count(), x.target, x.text});
}

void telemetry_state::add(execution_times x) {
  registry->sample_credit->give_back(1, x.seconds.size() * sizeof(double));
  samples.add(std::move(x));
}

performance_samples telemetry_state::drain(std::uint64_t taken) {
  samples.omit(registry->counters.samples_omitted.exchange(0));
  return samples.drain(taken);
}

telemetry_actor::behavior_type
telemetry(telemetry_actor::stateful_pointer<telemetry_state> self,
          instance_registry_ptr registry, std::optional<log_level> level) {
  auto& st = self->state;
  st.registry = std::move(registry);
  st.level = level;
  return {
    [&st](const telemetry_event& x) { st.log(x); },
    [&st](execution_times& x) { st.add(std::move(x)); },
    [&st](atom::drain, std::uint64_t taken) { return st.drain(taken); },
  };
}

} // namespace edgeless
