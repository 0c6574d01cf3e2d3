// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"
#include "messages/limits.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace edgeless {

/// The last synced state of each component on a node, for its next instance on
/// this node. Bounded by the sum of the states. Not safe for several threads.
class state_store {
public:
  explicit state_store(std::size_t max_bytes = limits::kept_states)
    : max_bytes_{max_bytes} {
    // nop
  }

  /// Replaces the state of a component. False: it does not fit, and the
  /// component has no state here anymore.
  bool put(const logical_id& component, const std::string& state);

  void erase(const logical_id& component);

  /// nullptr: there is none.
  const std::string* find(const logical_id& component) const;

  /// The fingerprint_of_state() of the state; 0: there is none.
  std::uint64_t fingerprint(const logical_id& component) const;

private:
  std::map<logical_id, std::string> states_;
  std::size_t bytes_ = 0; ///< of all states
  std::size_t max_bytes_;
};

} // namespace edgeless
