// SPDX-License-Identifier: MIT
#pragma once

#include "messages/event.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// How a batch travels: one block with all its fragments, and behind it the
/// payloads that are too long for the block. Parcels on the same way as the
/// one before do not name it again, so that a cast of 16 bytes takes 29.
namespace edgeless {

/// A payload that is longer is not copied into the block.
inline constexpr std::size_t payload_in_block = 2048;

/// The block of these fragments.
std::string pack(const std::vector<fragment>& fragments);

/// Reads what pack() writes, of whatever origin. Payloads that travel behind
/// the block are empty.
class fragment_reader {
public:
  explicit fragment_reader(std::string_view block) : rest_{block} {
    // nop
  }

  /// The next fragment, without its payload. False: there is none, or it is not
  /// one; see done().
  bool next(fragment& x);

  /// The payload of the fragment that next() gave, if it is in the block.
  std::string_view payload() const {
    return payload_;
  }

  /// Whether that payload travels behind the block.
  bool apart() const {
    return apart_;
  }

  /// Whether the block is nothing but fragments, and all were read.
  bool done() const {
    return rest_.empty() && sound_;
  }

private:
  template <class T>
  bool read(T& x);
  bool read_parcel(fragment& x);
  bool read_way();
  bool read_extras(fragment& x);

  /// Where the fragments in hand come from and go to.
  struct way {
    physical_id target;
    instance_id source;
    logical_id source_component;
  };

  std::string_view rest_;
  std::string_view payload_;
  way way_;
  bool has_route_ = false;
  bool apart_ = false;
  bool sound_ = true; ///< so far
};

} // namespace edgeless
