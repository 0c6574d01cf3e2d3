// SPDX-License-Identifier: MIT
#include "runtime/net/url.hpp"

#include "test/fuzz/fuzz.hpp"

#include "runtime/redis/redis_url.hpp"

using namespace edgeless;

/// Addresses: of files, and of nodes that announce them.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto text = fuzz::text(bytes, size);
  if (auto x = parse_url(text)) {
    // A name may lead anywhere.
    fuzz::promise(!is_loopback(*x) || x->host == "localhost"
                  || x->host.find_first_not_of("0123456789.:")
                       == std::string::npos);
    fuzz::promise(!x->host.empty());
    auto host
      = x->host.find(':') == std::string::npos ? x->host : "[" + x->host + "]";
    auto again
      = parse_url(x->scheme + "://" + host + ":" + std::to_string(x->port));
    fuzz::promise(again && *again == *x);
  }
  if (auto x = parse_redis_url(text)) {
    // What people see is the same, whatever the password.
    auto other = *x;
    other.password = "another";
    fuzz::promise(to_string(*x) == to_string(other));
  }
  return 0;
}
