// SPDX-License-Identifier: MIT
#include "test/fuzz/fuzz.hpp"

#include "runtime/redis_url.hpp"
#include "runtime/url.hpp"

using namespace edgeless;

/// Addresses: of files, and of nodes that announce them.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto text = fuzz::text(bytes, size);
  if (auto x = parse_url(text)) {
    is_loopback(*x);
    fuzz::promise(!x->host.empty());
    auto host = x->host.find(':') == std::string::npos ? x->host
                                                       : "[" + x->host + "]";
    auto again
      = parse_url(x->scheme + "://" + host + ":" + std::to_string(x->port));
    fuzz::promise(again && *again == *x);
  }
  if (auto x = parse_redis_url(text))
    fuzz::promise(x->password.size() < 8
                  || x->host.find(x->password) != std::string::npos
                  || x->path.find(x->password) != std::string::npos
                  || to_string(*x).find(x->password) == std::string::npos);
  return 0;
}
