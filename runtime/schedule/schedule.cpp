// SPDX-License-Identifier: MIT
#include "runtime/schedule/schedule.hpp"

#include "messages/connector_limits.hpp"
#include "messages/errors.hpp"

// As the library was built: with the rules of the machine.
#define USE_OS_TZDB 1
#include <date/tz.h>

#include <algorithm>
#include <charconv>

namespace edgeless {

namespace {

using std::chrono::local_seconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

/// A time between two changes of the clocks of a zone.
struct offset_period {
  sys_seconds begin;
  sys_seconds end;
  seconds offset;   ///< local time - UTC
  seconds previous; ///< the offset before it

  local_seconds to_local(sys_seconds x) const {
    return local_seconds{x.time_since_epoch() + offset};
  }
  sys_seconds to_utc(local_seconds x) const {
    return sys_seconds{x.time_since_epoch() - offset};
  }
};

/// The one of `x`, as far as `horizon`.
offset_period period_of(const date::time_zone* zone, sys_seconds x,
                        sys_seconds horizon) {
  if (zone == nullptr)
    return {sys_seconds::min(), horizon, seconds{0}, seconds{0}};
  auto info = zone->get_info(x);
  auto previous = info.begin == sys_seconds::min()
                    ? info.offset
                    : zone->get_info(info.begin - seconds{1}).offset;
  return {info.begin, std::min(info.end, horizon), info.offset, previous};
}

} // namespace

caf::expected<schedule> schedule::of_cron(std::string_view text,
                                          const std::string& zone) {
  auto fields = cron_fields::parse(text);
  if (!fields)
    return fields.error();
  schedule result;
  result.fields_ = *fields;
  if (!zone.empty() && zone != "UTC") {
    try {
      result.zone_ = date::locate_zone(zone);
    } catch (const std::exception&) {
      return fail(ec::bad_input,
                  "\"" + zone
                    + "\" is no time zone of this machine such as "
                      "Europe/Madrid (package tzdata)");
    }
  }
  return result;
}

caf::expected<schedule> schedule::of_period(std::string_view text) {
  std::uint32_t number = 0;
  auto [end, problem]
    = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit{end, text.data() + text.size()};
  milliseconds scale{unit == "ms"  ? 1
                     : unit == "s" ? 1000
                     : unit == "m" ? 60'000
                     : unit == "h" ? 3'600'000
                     : unit == "d" ? 86'400'000
                                   : 0};
  schedule result;
  result.period_ = scale * static_cast<std::int64_t>(number);
  if (problem != std::errc{} || result.period_ < limits::cron_period_min
      || result.period_ > limits::cron_period_max)
    return fail(ec::bad_input,
                "\"" + std::string{text.substr(0, limits::cron_text)}
                  + "\" is no period from 100ms to 366d, such as 500ms, 10s, "
                    "5m, 2h, 1d");
  return result;
}

std::optional<wall_time> schedule::next(wall_time after) const {
  if (period_.count() == 0)
    return next_of_cron(after);
  auto since = after.time_since_epoch();
  return wall_time{(std::chrono::floor<milliseconds>(since) / period_ + 1)
                   * period_};
}

std::optional<wall_time> schedule::next_of_cron(wall_time after) const {
  auto from = std::chrono::floor<seconds>(after) + seconds{1};
  auto horizon = from + limits::cron_horizon;
  while (from < horizon) {
    auto here = period_of(zone_, from, horizon);
    auto keeps_elapsed = fields_.is_hourly();
    // The local times that are skipped at the beginning of the period.
    if (from == here.begin && here.previous < here.offset && !keeps_elapsed
        && fields_.next(local_seconds{from.time_since_epoch() + here.previous},
                        here.to_local(from)))
      return from;
    auto end = here.to_local(here.end);
    for (auto local = fields_.next(here.to_local(from), end); local;
         local = fields_.next(*local + seconds{1}, end)) {
      // The local times before that are those of the period before, again.
      auto is_repeated = here.previous > here.offset
                         && *local < local_seconds{here.begin.time_since_epoch()
                                                   + here.previous};
      if (!is_repeated || keeps_elapsed)
        return here.to_utc(*local);
    }
    from = here.end;
  }
  return std::nullopt;
}

std::vector<wall_time> schedule::newest(wall_time after, wall_time until,
                                        std::size_t max) const {
  std::vector<wall_time> result;
  // Looks back farther and farther: there may be millions of slots.
  for (milliseconds span{1000}; max > 0; span *= 4) {
    auto from = std::max(after, until - span);
    result.clear();
    for (auto x = next(from); x && *x <= until; x = next(*x))
      result.push_back(*x);
    if (from == after || result.size() >= max)
      break;
  }
  if (result.size() > max)
    result.erase(result.begin(),
                 result.end() - static_cast<std::ptrdiff_t>(max));
  return result;
}

std::string to_string(wall_time x) {
  auto whole = std::chrono::floor<seconds>(x);
  return x == whole ? date::format("%FT%TZ", whole) : date::format("%FT%TZ", x);
}

} // namespace edgeless
