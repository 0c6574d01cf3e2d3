// SPDX-License-Identifier: MIT
#include "runtime/net/url.hpp"

#include "test/fuzz/fuzz.hpp"

#include "runtime/redis/redis_url.hpp"

using namespace edgeless;

/// URLs of configuration files and of announced nodes.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto text = fuzz::text(bytes, size);
  if (auto x = parse_url(text)) {
    // A host name may resolve to any address.
    fuzz::require(!is_loopback(*x) || x->host == "localhost"
                  || x->host.find_first_not_of("0123456789.:")
                       == std::string::npos);
    fuzz::require(!x->host.empty());
    auto host
      = x->host.find(':') == std::string::npos ? x->host : "[" + x->host + "]";
    auto again
      = parse_url(x->scheme + "://" + host + ":" + std::to_string(x->port));
    fuzz::require(again && *again == *x);
  }
  if (auto x = parse_redis_url(text)) {
    // The text for people does not depend on the password.
    auto other = *x;
    other.password = "another";
    fuzz::require(to_string(*x) == to_string(other));
  }
  return 0;
}
