// SPDX-License-Identifier: MIT
#include "runtime/http/address_filter.hpp"

#include "runtime/http/message.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include <memory>

namespace edgeless {

namespace {

struct url_deleter {
  void operator()(CURLU* x) const {
    curl_url_cleanup(x);
  }
};

bool is_special_v4(std::uint32_t address) {
  auto first = address >> 24;
  return first == 127 || first == 0 || first >= 224 || address >> 16 == 0xA9FE;
}

} // namespace

bool is_local_address(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    auto& x = *reinterpret_cast<const sockaddr_in*>(address);
    return is_special_v4(ntohl(x.sin_addr.s_addr));
  }
  if (address->sa_family != AF_INET6)
    return true;
  auto& x = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  auto last = [&] {
    return std::uint32_t{x.s6_addr[12]} << 24
           | std::uint32_t{x.s6_addr[13]} << 16
           | std::uint32_t{x.s6_addr[14]} << 8 | x.s6_addr[15];
  };
  // Addresses that lead to an IPv4 address: mapped, compatible, NAT64.
  if (IN6_IS_ADDR_V4MAPPED(&x) || IN6_IS_ADDR_V4COMPAT(&x)
      || (x.s6_addr[0] == 0 && x.s6_addr[1] == 0x64 && x.s6_addr[2] == 0xFF
          && x.s6_addr[3] == 0x9B))
    return is_special_v4(last());
  return IN6_IS_ADDR_LOOPBACK(&x) || IN6_IS_ADDR_UNSPECIFIED(&x)
         || IN6_IS_ADDR_LINKLOCAL(&x) || IN6_IS_ADDR_MULTICAST(&x)
         || IN6_IS_ADDR_SITELOCAL(&x);
}

bool is_local_address(std::string_view text) {
  std::string address{text};
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1)
    return is_local_address(reinterpret_cast<sockaddr*>(&v4));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  return ::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) != 1
         || is_local_address(reinterpret_cast<sockaddr*>(&v6));
}

std::string host_of_url(const std::string& address) {
  std::unique_ptr<CURLU, url_deleter> parsed{curl_url()};
  char* host = nullptr;
  char* scheme = nullptr;
  if (curl_url_set(parsed.get(), CURLUPART_URL, address.c_str(), 0) != CURLUE_OK
      || curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK)
    return {};
  auto result = lower_case(host);
  curl_free(host);
  if (curl_url_get(parsed.get(), CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
    return {};
  auto is_http
    = std::string_view{scheme} == "http" || std::string_view{scheme} == "https";
  curl_free(scheme);
  if (!is_http)
    return {};
  if (result.starts_with('['))
    result = result.substr(1, result.size() - 2);
  return result;
}

} // namespace edgeless
