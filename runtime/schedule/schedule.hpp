// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/schedule/cron_fields.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace date {
class time_zone;
}

namespace edgeless {

/// A point in time by the clock of the machine.
using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;

/// When something is due, again and again: a set of points in time, its slots,
/// which depend on nothing but the schedule.
class schedule {
public:
  /// The slots of a cron expression in a time zone, such as Europe/Madrid; "":
  /// UTC. Where clocks are put forward, a slot in the hour that is skipped is
  /// at its end; where they are put back, it is in the first of the two hours.
  /// An expression that matches in every hour follows the elapsed time.
  static caf::expected<schedule> of_cron(std::string_view text,
                                         const std::string& zone);

  /// All multiples of a period since 1970, such as 500ms, 10s, 5m, 2h, 1d.
  static caf::expected<schedule> of_period(std::string_view text);

  /// The first slot after a time; nullopt: there is none for nine years.
  std::optional<wall_time> next(wall_time after) const;

  /// The newest slots after one time and up to another, at most `max`; in
  /// order.
  std::vector<wall_time> newest(wall_time after, wall_time until,
                                std::size_t max) const;

private:
  std::optional<wall_time> next_of_cron(wall_time after) const;

  std::chrono::milliseconds period_{0}; ///< 0: of_cron
  cron_fields fields_;
  const date::time_zone* zone_ = nullptr; ///< nullptr: UTC
};

/// 2026-11-30T21:00:00Z; with milliseconds, if there are any.
std::string to_string(wall_time x);

} // namespace edgeless
