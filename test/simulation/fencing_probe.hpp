// SPDX-License-Identifier: MIT
#pragma once

#include "test/simulation/started_component.hpp"

#include "runtime/wasm/guest.hpp"

#include <cstdint>
#include <string>

namespace edgeless::test {

/// Finds events of fenced sessions that were delivered all the same. An
/// instance that was replaced, but does not know yet, stamps its events with
/// the nodes that have fenced its session; none of these nodes may deliver the
/// event, as long as that session is the one of its node.
class fencing_probe {
public:
  explicit fencing_probe(cluster& x) : cluster_{x} {
    // nop
  }

  /// What a sender appends to its payload; empty unless its instance was
  /// replaced.
  std::string stamp(guest_host& host);
  /// Looks for the stamp in a payload that an instance has received.
  void inspect(guest_host& host, const std::string& payload);
  /// A new orchestrator knows nothing of what the old one has fenced: stamps
  /// from before no longer count.
  void on_orchestrator_restart() {
    ++orchestrator_generation_;
  }

  /// How many events of fenced sessions were delivered.
  std::uint64_t violations() const {
    return violations_;
  }

private:
  cluster& cluster_;
  int orchestrator_generation_ = 0;
  std::uint64_t violations_ = 0;
};

} // namespace edgeless::test
