// SPDX-License-Identifier: MIT
#include "runtime/schedule/cron_fields.hpp"

#include "runtime/http/message.hpp"
#include "runtime/placement/annotations.hpp"

#include "messages/connector_limits.hpp"
#include "messages/errors.hpp"

#include <array>
#include <charconv>
#include <span>
#include <string>
#include <vector>

namespace edgeless {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, 12> month_names{
  "jan", "feb", "mar", "apr", "may", "jun",
  "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekday_names{
  "sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct macro {
  std::string_view name;
  std::string_view fields;
};
constexpr macro macros[] = {
  {"@yearly", "0 0 0 1 1 *"},  {"@annually", "0 0 0 1 1 *"},
  {"@monthly", "0 0 0 1 * *"}, {"@weekly", "0 0 0 * * 0"},
  {"@daily", "0 0 0 * * *"},   {"@midnight", "0 0 0 * * *"},
  {"@hourly", "0 0 * * * *"},
};

/// What a field may have.
struct field_range {
  std::string_view name;
  unsigned min;
  unsigned max;
  std::span<const std::string_view> names{}; ///< of the values from `min` on
};

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> result;
  constexpr std::string_view space = " \t";
  for (auto begin = text.find_first_not_of(space);
       begin != std::string_view::npos; begin = text.find_first_not_of(space)) {
    text.remove_prefix(begin);
    auto end = std::min(text.find_first_of(space), text.size());
    result.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return result;
}

caf::error refuse(const field_range& field, std::string_view text) {
  return fail(ec::bad_input,
              "the " + std::string{field.name} + " \"" + std::string{text}
                + "\" is not *, a number from " + std::to_string(field.min)
                + " to " + std::to_string(field.max)
                + ", a range such as 1-3, a step such as */2, or a list of "
                  "these");
}

std::optional<unsigned> value_of(const field_range& field,
                                 std::string_view text) {
  for (std::size_t i = 0; i < field.names.size(); ++i)
    if (equal_ignoring_case(text, field.names[i]))
      return field.min + static_cast<unsigned>(i);
  unsigned result = 0;
  auto [end, problem]
    = std::from_chars(text.data(), text.data() + text.size(), result);
  if (problem != std::errc{} || end != text.data() + text.size()
      || result < field.min || result > field.max)
    return std::nullopt;
  return result;
}

/// Sets the bits of one item of a list, such as 5, 1-3 or */2.
template <class Bits>
bool set_bits(const field_range& field, std::string_view item, Bits& out) {
  unsigned step = 1;
  auto slash = item.find('/');
  auto range = item.substr(0, slash);
  auto has_step = slash != std::string_view::npos;
  if (has_step) {
    auto text = item.substr(slash + 1);
    auto [end, problem]
      = std::from_chars(text.data(), text.data() + text.size(), step);
    if (problem != std::errc{} || end != text.data() + text.size() || step == 0
        || step > field.max)
      return false;
  }
  unsigned first = field.min;
  unsigned last = field.max;
  if (range != "*") {
    auto dash = range.find('-');
    auto from = value_of(field, range.substr(0, dash));
    if (!from)
      return false;
    first = *from;
    if (dash != std::string_view::npos) {
      auto to = value_of(field, range.substr(dash + 1));
      if (!to || *to < first)
        return false;
      last = *to;
    } else if (!has_step) {
      last = first;
    }
  }
  for (auto i = first; i <= last; i += step)
    out.set(i % out.size());
  return true;
}

template <class Bits>
caf::error
parse_field(const field_range& field, std::string_view text, Bits& out) {
  for (auto item : split_list(text))
    if (!set_bits(field, item, out))
      return refuse(field, text);
  return caf::none;
}

} // namespace

caf::expected<cron_fields> cron_fields::parse(std::string_view text) {
  if (text.size() > limits::cron_text)
    return fail(ec::bad_input, "it is longer than 256 bytes");
  for (auto& [name, fields] : macros)
    if (equal_ignoring_case(text, name))
      text = fields;
  auto fields = split_words(text);
  if (fields.size() == 5)
    fields.insert(fields.begin(), "0");
  if (fields.size() != 6)
    return fail(ec::bad_input, "it has " + std::to_string(fields.size())
                                 + " fields instead of 6: second, minute, "
                                   "hour, day, month, day of the week; or 5 "
                                   "without the second");
  cron_fields x;
  std::bitset<8> weekdays; // 7 is Sunday, too
  if (auto e = parse_field({"second", 0, 59}, fields[0], x.seconds_))
    return e;
  if (auto e = parse_field({"minute", 0, 59}, fields[1], x.minutes_))
    return e;
  if (auto e = parse_field({"hour", 0, 23}, fields[2], x.hours_))
    return e;
  if (auto e = parse_field({"day", 1, 31}, fields[3], x.days_))
    return e;
  if (auto e = parse_field({"month", 1, 12, month_names}, fields[4], x.months_))
    return e;
  if (auto e = parse_field({"day of the week", 0, 7, weekday_names}, fields[5],
                           weekdays))
    return e;
  for (std::size_t i = 0; i < weekdays.size(); ++i)
    if (weekdays[i])
      x.weekdays_.set(i % 7);
  x.any_day_ = fields[3].starts_with('*');
  x.any_weekday_ = fields[5].starts_with('*');
  return x;
}

bool cron_fields::matches(std::chrono::local_days day) const {
  std::chrono::year_month_day ymd{day};
  if (!months_[static_cast<unsigned>(ymd.month())])
    return false;
  auto is_day = days_[static_cast<unsigned>(ymd.day())];
  auto is_weekday = weekdays_[std::chrono::weekday{day}.c_encoding()];
  return any_day_ || any_weekday_ ? is_day && is_weekday : is_day || is_weekday;
}

std::optional<seconds> cron_fields::next_in_day(seconds from) const {
  auto hour = static_cast<unsigned>(from / hours{1});
  auto minute = static_cast<unsigned>(from % hours{1} / minutes{1});
  auto second = static_cast<unsigned>(from % minutes{1} / seconds{1});
  for (; hour < 24; ++hour, minute = second = 0) {
    if (!hours_[hour])
      continue;
    for (; minute < 60; ++minute, second = 0) {
      if (!minutes_[minute])
        continue;
      for (; second < 60; ++second)
        if (seconds_[second])
          return hours{hour} + minutes{minute} + seconds{second};
    }
  }
  return std::nullopt;
}

std::optional<std::chrono::local_seconds>
cron_fields::next(std::chrono::local_seconds from,
                  std::chrono::local_seconds end) const {
  auto day = std::chrono::floor<std::chrono::days>(from);
  auto time = from - day;
  for (; day < end; day += std::chrono::days{1}, time = seconds{0})
    if (matches(day))
      if (auto found = next_in_day(time)) {
        auto result = day + *found;
        return result < end ? std::optional{result} : std::nullopt;
      }
  return std::nullopt;
}

} // namespace edgeless
