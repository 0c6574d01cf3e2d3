// SPDX-License-Identifier: MIT
#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace edgeless {

/// The address of one database of Redis, and the credentials for it.
struct redis_url {
  /// The path of a Unix socket; if empty, host and port count.
  std::string path;
  std::string host; ///< IPv6 without its brackets
  std::uint16_t port = 6379;
  std::string user; ///< empty: the default one
  std::string password;
  std::uint32_t database = 0;

  friend bool operator==(const redis_url&, const redis_url&) = default;
};

/// Reads redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE] or
/// unix:PATH[?db=DATABASE&user=USER&pass=PASSWORD], also as redis+unix:. In
/// user and password, percent-encoding is decoded. The error names what is
/// wrong; it never contains the password.
caf::expected<redis_url> parse_redis_url(std::string_view text);

/// The address without user and password, for logs.
std::string to_string(const redis_url& x);

} // namespace edgeless
