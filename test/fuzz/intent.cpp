// SPDX-License-Identifier: MIT
#include "test/fuzz/fuzz.hpp"

#include "runtime/config/json_reader.hpp"
#include "runtime/redis/intent_codec.hpp"

#include "messages/errors.hpp"

using namespace edgeless;

/// Intents of delegated orchestrators: a key, a newline, and its value.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto text = fuzz::text(bytes, size);
  auto end = text.find('\n');
  auto key = text.substr(0, end);
  auto value = end == text.npos ? std::string_view{} : text.substr(end + 1);
  auto found = parse_intent(key, value);
  fuzz::require(found || !explain(found.error()).empty());
  // Only keys of intents may be deleted from Redis.
  fuzz::require(!found || is_intent_key(key));
  intent_result_key(key);
  // A result is always valid JSON.
  auto result = intent_result(key, value, static_cast<bool>(found), value, {});
  fuzz::require(static_cast<bool>(parse_json(result)));
  return 0;
}
