// SPDX-License-Identifier: MIT
#pragma once

#include <caf/type_id.hpp>
#include <caf/type_nr.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// The layout of message values in CAF 0.17.6's binary format. A layout skips
/// the bytes of one value without building it, so that CAF deserialises only
/// values that are known to be complete and valid.
namespace edgeless {

/// The serialised id of a CAF node.
using node_bytes = std::array<char, 32>;

/// A position in the bytes of a message. Readers return false, and leave the
/// position undefined, if the bytes are incomplete or invalid.
struct frame_cursor {
  const char* at = nullptr;
  const char* end = nullptr;
  /// The sender; actor handles of other nodes are refused.
  const node_bytes* peer = nullptr;
  /// The approximate size of the values in memory, in bytes.
  std::size_t cost = 0;

  std::size_t left() const {
    return static_cast<std::size_t>(end - at);
  }

  bool skip(std::size_t bytes);
  bool read(std::uint8_t& x);
  bool read(std::uint16_t& x);
  bool read(std::uint32_t& x);
  bool read(std::uint64_t& x);
  /// The length of a string or container: at most left().
  bool read_length(std::size_t& x);
  bool read(std::string_view& x);
  bool read(node_bytes& x);
};

using value_layout = bool (*)(frame_cursor&);

/// The layout of a type by its name on the wire; nullptr for types that are no
/// part of messages between our programs.
value_layout find_layout(std::string_view wire_name);

/// The name of a type in CAF's messages.
template <class T>
std::string wire_name() {
  if constexpr (caf::type_nr<T>::value != 0)
    return caf::numbered_type_names[caf::type_nr<T>::value - 1];
  else
    return caf::type_name<T>::value;
}

} // namespace edgeless
