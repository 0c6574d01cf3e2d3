// SPDX-License-Identifier: MIT
#pragma once

#include <caf/type_id.hpp>
#include <caf/type_nr.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// What the values of a message look like in CAF's binary form. A shape walks
/// over the bytes of one value and makes nothing of them, so that CAF only
/// ever unpacks what is known to be whole.
namespace edgeless {

/// The id of a CAF node as it stands on the wire.
using node_bytes = std::array<char, 32>;

/// A place in the bytes of a message. Readers return false, and may leave it
/// anywhere, if the bytes do not say what they should.
struct frame_cursor {
  const char* at = nullptr;
  const char* end = nullptr;
  /// The sender: handles of other nodes' actors are refused.
  const node_bytes* peer = nullptr;
  /// Roughly what the values take in memory, in bytes.
  std::size_t cost = 0;

  std::size_t left() const {
    return static_cast<std::size_t>(end - at);
  }

  bool skip(std::size_t bytes);
  bool read(std::uint8_t& x);
  bool read(std::uint16_t& x);
  bool read(std::uint32_t& x);
  bool read(std::uint64_t& x);
  /// The length of a string or container: never more than what is left.
  bool read_length(std::size_t& x);
  bool read(std::string_view& x);
  bool read(node_bytes& x);
};

using value_layout = bool (*)(frame_cursor&);

/// The shape of a type by its name on the wire; nullptr unless it may be part
/// of a message between our programs.
value_layout find_layout(std::string_view wire_name);

/// How CAF calls a type on the wire.
template <class T>
std::string wire_name() {
  if constexpr (caf::type_nr<T>::value != 0)
    return caf::numbered_type_names[caf::type_nr<T>::value - 1];
  else
    return caf::type_name<T>::value;
}

} // namespace edgeless
