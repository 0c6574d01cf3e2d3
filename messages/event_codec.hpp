// SPDX-License-Identifier: MIT
#pragma once

#include "messages/event.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// The wire format of a batch: one block with all fragments, and behind it the
/// payloads that are too long for the block. A fragment with the same source
/// and target as the one before does not repeat them, so that a cast with a
/// payload of 16 bytes takes 29 bytes.
namespace edgeless {

/// A longer payload, in bytes, is not copied into the block.
inline constexpr std::size_t payload_in_block = 2048;

/// Encodes the block of these fragments.
std::string pack(const std::vector<fragment>& fragments);

/// Decodes a block that pack() has written, or that a hostile peer has: reads
/// no byte outside of it. Payloads that travel behind the block are empty.
class fragment_reader {
public:
  explicit fragment_reader(std::string_view block) : rest_{block} {
    // nop
  }

  /// Decodes the next fragment, without its payload. False at the end of the
  /// block, or if the bytes are not a fragment; see done().
  bool next(fragment& x);

  /// The payload of the last fragment, if it is in the block.
  std::string_view payload() const {
    return payload_;
  }

  /// Whether that payload travels behind the block.
  bool is_payload_behind() const {
    return payload_is_behind_;
  }

  /// Whether all of the block was read, and was well-formed.
  bool done() const {
    return rest_.empty() && well_formed_;
  }

private:
  template <class T>
  bool read(T& x);
  bool read_fragment(fragment& x);
  bool read_route();
  bool read_extras(fragment& x);

  /// Source and target of a run of fragments.
  struct route {
    physical_id target;
    instance_id source;
    logical_id source_component;
  };

  std::string_view rest_;
  std::string_view payload_;
  route route_;
  bool has_route_ = false;
  bool payload_is_behind_ = false;
  bool well_formed_ = true; ///< so far
};

} // namespace edgeless
