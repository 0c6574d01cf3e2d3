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

/// The log of a program, on stderr, one line per event:
///   log_info("orchestrator", "placed ", name, " on ", node);
/// The first argument is the component, which RUST_LOG may name. All functions
/// but open_log() may be called by any thread.
namespace edgeless {

/// From now on, lines of `program` that pass `filter` are written by a
/// background thread: a caller never waits for the reader of stderr. When
/// limits::program_log_lines are queued, the oldest line is dropped and
/// counted, and a line reports the gap where it is. Before this call, lines up
/// to `info` are written synchronously. Must be called before other threads
/// start.
void open_log(std::string_view program, const log_filter& filter);

/// Waits up to limits::last_lines until the queued lines are written. exit()
/// calls it, _Exit() does not.
void finish_log();

/// Lines that were lost because stderr was not read fast enough, or could not
/// be written.
std::uint64_t log_lines_lost();

/// Whether the filter lets lines of `component` at this level pass. Cheap when
/// it does not.
bool enabled(log_level level, std::string_view component);

/// Writes a line without asking the filter, as printable() text.
void write_log(log_level level, std::string_view component,
               std::string_view line);

/// The text with escaped control characters, cut off after limits::text bytes:
/// guests choose parts of log lines.
std::string printable(std::string_view text);

/// Appends one part of a line: text, numbers, durations (in ms), errors, and
/// types with a to_string(), such as ids.
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
    line.append(digits,
                std::to_chars(digits, digits + sizeof digits, part).ptr);
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
void log_line(log_level level, std::string_view component, const Ts&... parts) {
  if (!enabled(level, component))
    return;
  std::string line;
  (append_part(line, parts), ...);
  write_log(level, component, line);
}

/// log_line() at a fixed level.
template <log_level Level>
struct line_logger {
  template <class... Ts>
  void operator()(std::string_view component, const Ts&... parts) const {
    log_line(Level, component, parts...);
  }
};

/// Work or data is lost.
inline constexpr line_logger<log_level::error> log_error;
/// A fault that the system recovers from by itself.
inline constexpr line_logger<log_level::warn> log_warn;
/// A decision or a change of state.
inline constexpr line_logger<log_level::info> log_info;
inline constexpr line_logger<log_level::debug> log_debug;
inline constexpr line_logger<log_level::trace> log_trace;

} // namespace edgeless
