// SPDX-License-Identifier: MIT
#pragma once

#include <caf/expected.hpp>

#include <bitset>
#include <chrono>
#include <optional>
#include <string_view>

namespace edgeless {

/// The fields of a cron expression: second, minute, hour, day of the month,
/// month, day of the week; without the first one the second is 0. Each is a
/// list of `*`, N, N-M, with a step as in `*/N`; months and days have English
/// names, too. If both days are restricted, one of them has to match. Also
/// `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.
class cron_fields {
public:
  /// An error names the field, and what it may have.
  static caf::expected<cron_fields> parse(std::string_view text);

  /// The first match at or after `from` and before `end`.
  std::optional<std::chrono::local_seconds>
  next(std::chrono::local_seconds from, std::chrono::local_seconds end) const;

  /// Whether it matches in every hour of its days: then its slots follow the
  /// elapsed time where clocks are changed.
  bool is_hourly() const {
    return hours_.count() == 24;
  }

private:
  bool matches(std::chrono::local_days day) const;
  std::optional<std::chrono::seconds>
  next_in_day(std::chrono::seconds from) const;

  std::bitset<60> seconds_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_; ///< from Sunday
  bool any_day_ = false;    ///< of the month
  bool any_weekday_ = false;
};

} // namespace edgeless
