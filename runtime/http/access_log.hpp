// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/http/server.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace edgeless {

/// Which requests get a line in the log.
enum class access_log_mode : std::uint8_t { none, errors, all };

/// Nothing unless `text` is none, errors or all.
std::optional<access_log_mode> parse_access_log_mode(std::string_view text);

/// The line of a request. Each field is cut at limits::http_log_field bytes;
/// spaces, quotes and control characters in it are escaped.
std::string access_line(const http_access& x);

/// Logs requests as lines of the component `http`, at most
/// limits::http_log_lines a second: the next line says how many are missing.
/// For one thread; empty: none is logged. Errors are responses from 400 on.
std::function<void(const http_access&)> access_log(access_log_mode mode);

} // namespace edgeless
