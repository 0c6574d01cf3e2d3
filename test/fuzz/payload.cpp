// SPDX-License-Identifier: MIT
#include "test/fuzz/frames.hpp"
#include "test/fuzz/fuzz.hpp"

#include <caf/binary_deserializer.hpp>

using namespace edgeless;

namespace {

/// Whether CAF can read what is behind the header of a frame.
bool is_readable(std::string_view frame) {
  frame.remove_prefix(frame_header::size);
  caf::binary_deserializer source{bytes::system(), frame.data(), frame.size()};
  std::vector<caf::strong_actor_ptr> stages;
  caf::message content;
  auto error = source(stages, content);
  return !error && source.remaining() == 0;
}

/// What CAF asks its network for, of which there is none here.
bool has_handle(std::string_view frame) {
  return frame.find("actor") != frame.npos || frame.find("error") != frame.npos;
}

} // namespace

/// Messages behind a proper handshake. Whatever the check lets through, CAF
/// reads without a fault: it trusts its peers and falls over anything else.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using caf::io::basp::message_type;
  if (size < frame_header::size
      || bytes[0] != static_cast<std::uint8_t>(message_type::direct_message))
    return 0;
  static const std::string hello = bytes::greeting_of_client();
  frame_validator check{fuzz::all_admitted(true)};
  fuzz::promise(check.feed(hello) == refusal::none);
  check.skip_frame();
  auto text = fuzz::text(bytes, size);
  auto verdict = check.feed(text);
  std::string passed(check.ready(), '\0');
  check.take(passed.data(), passed.size());
  if (verdict == refusal::none && passed.size() == size && !has_handle(text))
    fuzz::promise(is_readable(passed));
  return 0;
}
