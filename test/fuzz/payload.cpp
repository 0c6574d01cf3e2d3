// SPDX-License-Identifier: MIT
#include "test/fuzz/frames.hpp"
#include "test/fuzz/fuzz.hpp"

#include <caf/binary_deserializer.hpp>

using namespace edgeless;

namespace {

/// Whether CAF can deserialise the payload of a frame.
bool is_readable(std::string_view frame) {
  frame.remove_prefix(frame_header::size);
  caf::binary_deserializer source{bytes::system(), frame.data(), frame.size()};
  std::vector<caf::strong_actor_ptr> stages;
  caf::message content;
  auto error = source(stages, content);
  return !error && source.remaining() == 0;
}

/// Whether the payload has handles or errors, which CAF cannot deserialise
/// without its middleman.
bool has_handle(std::string_view frame) {
  return frame.find("actor") != frame.npos || frame.find("error") != frame.npos;
}

} // namespace

/// Messages after a valid handshake. CAF trusts its peers and crashes on
/// invalid bytes, so it must be able to deserialise every frame that passes.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using caf::io::basp::message_type;
  if (size < frame_header::size
      || bytes[0] != static_cast<std::uint8_t>(message_type::direct_message))
    return 0;
  static const std::string hello = bytes::client_handshake_frame();
  frame_validator check{fuzz::all_admitted(true)};
  fuzz::require(check.feed(hello) == refusal::none);
  check.skip_frame();
  auto text = fuzz::text(bytes, size);
  auto verdict = check.feed(text);
  std::string passed(check.ready(), '\0');
  check.take(passed.data(), passed.size());
  if (verdict == refusal::none && passed.size() == size && !has_handle(text))
    fuzz::require(is_readable(passed));
  return 0;
}
