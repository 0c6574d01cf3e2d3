// SPDX-License-Identifier: MIT
#pragma once

#include "messages/errors.hpp"
#include "messages/limits.hpp"
#include "messages/workflow.hpp"

#include <caf/expected.hpp>

#include <map>
#include <string>

namespace edgeless {

/// The states of the functions that migrate from or to a node, as far as they
/// do not fit into one message. Bounded by the sum of their sizes. Not safe for
/// several threads.
class snapshot_store {
public:
  explicit snapshot_store(std::size_t max_bytes = limits::snapshots)
    : max_bytes_{max_bytes} {
    // nop
  }

  /// Keeps the rest of a state that is read in parts; returns the first one.
  /// Errors: ec::exhausted.
  caf::expected<state_part> put(const physical_id& instance,
                                std::string snapshot);
  /// The part that begins at this offset. Errors: ec::unknown_instance.
  caf::expected<state_part> read(const physical_id& instance,
                                 std::uint64_t offset) const;

  /// Adds the next part of a state. Errors: ec::bad_input, ec::exhausted.
  caf::error append(const physical_id& instance, const state_part& part);
  /// What was added, which is removed.
  std::string take(const physical_id& instance);

  void erase(const physical_id& instance) {
    take(instance);
  }

private:
  struct entry {
    std::size_t reserved = 0;
    std::string bytes{};
  };

  /// nullptr: there is no room.
  entry* reserve(const physical_id& instance, std::size_t size);

  std::map<physical_id, entry> entries_;
  std::size_t reserved_ = 0; ///< by all entries
  std::size_t max_bytes_;
};

} // namespace edgeless
