// SPDX-License-Identifier: MIT
#include "test/fuzz/fuzz.hpp"

#include "runtime/redis/mirror_reader.hpp"

using namespace edgeless;

/// The values of a mirror, as read from an untrusted Redis server.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto text = fuzz::text(bytes, size);
  static_cast<void>(read_capabilities(text));
  static_cast<void>(read_health(text));
  static_cast<void>(read_component(text));
  static_cast<void>(read_provider(text));
  static_cast<void>(read_intent_result(text));
  read_instance(text);
  read_sample(text);
  read_dated_sample(text);
  return 0;
}
