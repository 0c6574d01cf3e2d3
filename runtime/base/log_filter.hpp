// SPDX-License-Identifier: MIT
#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace edgeless {

/// Each level includes those before it.
enum class log_level : std::uint8_t { off, error, warn, info, debug, trace };

std::string to_string(log_level level);

/// Parses off, error, warn, info, debug or trace, in upper or lower case.
std::optional<log_level> parse_log_level(std::string_view name);

/// Selects the lines that are written, by level and origin.
struct log_filter {
  log_level global = log_level::info;
  /// Levels that replace the global one, by EDGELESS crate (edgeless_orc) or by
  /// component (orchestrator).
  std::map<std::string, log_level, std::less<>> targets;

  friend bool operator==(const log_filter&, const log_filter&) = default;
};

/// Parses the environment variable RUST_LOG: `info`, or
/// `warn,edgeless_orc=trace,proxy=off`. A target without a level means trace.
/// Of a path such as edgeless_orc::proxy_redis only the first part counts. An
/// error (ec::bad_input) names the directive that cannot be parsed.
caf::expected<log_filter> parse_log_filter(std::string_view text);

/// The level up to which lines of `component` in `program` pass.
log_level level_for(const log_filter& filter, std::string_view program,
                    std::string_view component);

/// The most verbose level of any target.
log_level most_verbose(const log_filter& filter);

} // namespace edgeless
