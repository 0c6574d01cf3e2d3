// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

struct sockaddr;

/// Where the requests of functions may lead: functions are not trusted, and
/// what listens on this machine or link often trusts all that reach it.
namespace edgeless {

/// Whether an address is loopback, link-local, unspecified or multicast, or
/// leads to such an IPv4 address; also if it is none of IPv4 or IPv6.
bool is_local_address(const sockaddr* address);
/// The same for a numeric address.
bool is_local_address(std::string_view text);

/// The host of a URL of http or https in lower case, IPv6 without brackets;
/// empty: it is none.
std::string host_of_url(const std::string& address);

} // namespace edgeless
