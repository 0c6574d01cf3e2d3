// SPDX-License-Identifier: MIT
#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace edgeless {

/// What counts of an URL: where to connect to.
struct url {
  std::string scheme; ///< such as http
  std::string host;   ///< a name or an address; IPv6 without its brackets
  std::uint16_t port = 0;

  friend bool operator==(const url&, const url&) = default;
};

/// Reads SCHEME://HOST:PORT[/...]; the scheme must be http, https or coap.
/// An error says what is wrong and shows a right one.
caf::expected<url> parse_url(std::string_view text);

/// Whether only this machine can reach that host: 127.0.0.0/8, ::1, localhost.
bool is_loopback(const url& x);

} // namespace edgeless
