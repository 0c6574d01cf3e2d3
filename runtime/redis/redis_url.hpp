// SPDX-License-Identifier: MIT
#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace edgeless {

/// Where one database of Redis is, and who we are there.
struct redis_url {
  /// Of a unix socket; empty: host and port count.
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
/// user and password, %40 and the like stand for what cannot be written there.
/// An error says what is wrong, without the password.
caf::expected<redis_url> parse_redis_url(std::string_view text);

/// The address for people, without the password.
std::string to_string(const redis_url& x);

} // namespace edgeless
