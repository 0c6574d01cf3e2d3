// SPDX-License-Identifier: MIT
#pragma once

#include "actors/resources/resource.hpp"

#include "runtime/metrics/resource_counters.hpp"
#include "runtime/schedule/schedule.hpp"

#include <functional>

namespace edgeless {

/// The clock of the machine, at a time of the actors.
using wall_clock = std::function<wall_time(caf::actor_clock::time_point)>;

/// The time of the machine, whatever that of the actors is.
wall_time current_wall_time(caf::actor_clock::time_point);

/// The class cron: casts to its output `out` at each slot of its `schedule`, or
/// `every` period. Its last slot is its state: each slot fires once, though it
/// migrates; what was missed while no instance ran, `missed` says.
resource_class cron(wall_clock clock, resource_counters_ptr counters);

} // namespace edgeless
