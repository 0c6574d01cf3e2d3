// SPDX-License-Identifier: MIT
#include "runtime/net/url.hpp"

#include "messages/errors.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

namespace edgeless {

caf::expected<url> parse_url(std::string_view text) {
  auto wrong = [&](std::string_view what) {
    return fail(ec::bad_input, "\"" + std::string{text}
                                 + "\": " + std::string{what}
                                 + ", not like http://127.0.0.1:7001");
  };
  auto colon = text.find("://");
  if (colon == std::string_view::npos)
    return wrong("no scheme");
  url result;
  result.scheme = text.substr(0, colon);
  if (result.scheme != "http" && result.scheme != "https"
      && result.scheme != "coap")
    return wrong("the scheme is none of http, https, coap");
  auto rest = text.substr(colon + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  std::size_t host_end;
  if (rest.starts_with('[')) {
    host_end = rest.find(']');
    if (host_end == std::string_view::npos)
      return wrong("no ']' after the address");
    result.host = rest.substr(1, host_end - 1);
    ++host_end;
  } else {
    host_end = rest.find(':');
    result.host = rest.substr(0, host_end);
  }
  if (result.host.empty())
    return wrong("no host");
  // The system would look up what is before a zero.
  if (std::ranges::any_of(
        result.host, [](unsigned char c) { return c <= ' ' || c == 0x7f; }))
    return wrong("a space or a control character in the host");
  if (host_end >= rest.size() || rest[host_end] != ':')
    return wrong("no port");
  auto port = rest.substr(host_end + 1);
  auto [end, error]
    = std::from_chars(port.data(), port.data() + port.size(), result.port);
  if (error != std::errc{} || end != port.data() + port.size())
    return wrong("the port is no number from 0 to 65535");
  return result;
}

bool is_loopback(const url& x) {
  // A name such as 127.example.org may lead anywhere.
  in_addr address{};
  if (::inet_pton(AF_INET, x.host.c_str(), &address) == 1)
    return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
  return x.host == "localhost" || x.host == "::1";
}

} // namespace edgeless
