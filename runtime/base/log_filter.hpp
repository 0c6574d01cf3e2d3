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

/// Each one includes those before it.
enum class log_level : std::uint8_t { off, error, warn, info, debug, trace };

std::string to_string(log_level level);

/// Nothing unless `name` is off, error, warn, info, debug or trace, in either
/// case.
std::optional<log_level> parse_log_level(std::string_view name);

/// Which lines are written.
struct log_filter {
  log_level global = log_level::info;
  /// Exceptions, by program as EDGELESS' crates are called (edgeless_orc) or
  /// by who speaks (orchestrator).
  std::map<std::string, log_level, std::less<>> targets;

  friend bool operator==(const log_filter&, const log_filter&) = default;
};

/// Reads what the variable RUST_LOG may hold: `info`, or
/// `warn,edgeless_orc=trace,proxy=off`. A target alone means all of it. Of a
/// path such as edgeless_orc::proxy_redis only the first part counts. An error
/// names the directive that is none.
caf::expected<log_filter> parse_log_filter(std::string_view text);

/// What passes for lines of `who` in `program`.
log_level level_for(const log_filter& filter, std::string_view program,
                    std::string_view who);

/// The loudest level that anybody has.
log_level loudest(const log_filter& filter);

} // namespace edgeless
