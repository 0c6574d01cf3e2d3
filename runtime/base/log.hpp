// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/log_filter.hpp"

#include "messages/errors.hpp"

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

/// What a program says to its operator, on stderr: one line per decision.
///   log_info("orchestrator", "placed ", name, " on ", node);
namespace edgeless {

/// From now on, lines of `program` that pass `filter` are written, by a thread
/// of its own: who speaks never waits for who reads. When limits::program_log_lines
/// wait, the oldest one is lost, which is counted, and said where it is
/// missing. Before this is called, lines up to `info` are written at once. To
/// be called before threads start.
void open_log(std::string_view program, const log_filter& filter);

/// Gives the lines that wait limits::last_lines to be written. exit() does so,
/// _Exit() does not.
void finish_log();

/// Lines that were not written because nobody read those before them.
std::uint64_t log_lines_lost();

/// Whether a line of `who` would be written; quick when it would not.
bool enabled(log_level level, std::string_view who);

/// Writes a line, whatever the filter says. Control characters are escaped,
/// and what exceeds limits::text is cut off: guests have a say in lines.
void write_log(log_level level, std::string_view who, std::string_view line);

/// The line as write_log() prints it, after the timestamp.
std::string printable(std::string_view line);

/// Appends one part of a line: text, numbers, durations, errors, and whatever
/// has a to_string(), such as ids.
template <class T>
void append_part(std::string& line, const T& part) {
  if constexpr (std::convertible_to<const T&, std::string_view>) {
    line += std::string_view{part};
  } else if constexpr (std::same_as<T, bool>) {
    line += part ? "true" : "false";
  } else if constexpr (std::same_as<T, char>) {
    line += part;
  } else if constexpr (std::is_arithmetic_v<T>) {
    char digits[32];
    auto end = std::to_chars(digits, digits + sizeof digits, part).ptr;
    line.append(digits, end);
  } else if constexpr (std::same_as<T, caf::error>) {
    line += explain(part);
  } else if constexpr (requires { typename T::period; }) {
    using milliseconds = std::chrono::duration<double, std::milli>;
    append_part(line, milliseconds{part}.count());
    line += " ms";
  } else {
    line += to_string(part);
  }
}

template <class... Ts>
void log_line(log_level level, std::string_view who, const Ts&... parts) {
  if (!enabled(level, who))
    return;
  std::string line;
  (append_part(line, parts), ...);
  write_log(level, who, line);
}

/// Something is lost that somebody will miss.
template <class... Ts>
void log_error(std::string_view who, const Ts&... parts) {
  log_line(log_level::error, who, parts...);
}

/// Something went wrong that heals by itself.
template <class... Ts>
void log_warn(std::string_view who, const Ts&... parts) {
  log_line(log_level::warn, who, parts...);
}

/// A decision.
template <class... Ts>
void log_info(std::string_view who, const Ts&... parts) {
  log_line(log_level::info, who, parts...);
}

template <class... Ts>
void log_debug(std::string_view who, const Ts&... parts) {
  log_line(log_level::debug, who, parts...);
}

template <class... Ts>
void log_trace(std::string_view who, const Ts&... parts) {
  log_line(log_level::trace, who, parts...);
}

} // namespace edgeless
