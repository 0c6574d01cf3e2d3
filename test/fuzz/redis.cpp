// SPDX-License-Identifier: MIT
#include "test/fuzz/fuzz.hpp"

#include "runtime/redis/reply_parser.hpp"

#include <algorithm>

using namespace edgeless;

namespace {

constexpr std::size_t budget = 1u << 20;

/// The number of replies in bytes fed in pieces of this size; -1: refused.
std::ptrdiff_t replies(std::string_view text, std::size_t piece) {
  redis_reply_parser reader{budget};
  while (!text.empty()) {
    auto n = std::min(piece, text.size());
    if (reader.feed(text.substr(0, n)))
      return -1;
    text.remove_prefix(n);
  }
  return static_cast<std::ptrdiff_t>(reader.complete.size());
}

} // namespace

/// Replies of a server, which may not be Redis.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto text = fuzz::text(bytes, size);
  fuzz::require(replies(text, size + 1) == replies(text, 7));
  return 0;
}
