// SPDX-License-Identifier: MIT
#pragma once

#include "test/simulation/started_component.hpp"

#include <cstdint>
#include <set>
#include <vector>

namespace edgeless::test {

/// n0 -> n1 -> n2: a stream of numbered events whose functions are migrated,
/// but neither crashed nor stopped. What was sent and received is counted
/// outside of the runtime.
class ordered_stream {
public:
  explicit ordered_stream(cluster& x) : cluster_{x} {
    // nop
  }

  void start();
  /// The source is about to cast this many events; nothing is delivered yet.
  void enqueue_sends(int count);

  const std::vector<started_component>& components() const {
    return components_;
  }

  /// Events that were received more than once.
  std::uint64_t duplicates() const {
    return duplicates_;
  }
  /// Events that were received after one with a higher number, while no
  /// session was lost.
  std::uint64_t out_of_order() const {
    return out_of_order_;
  }
  std::uint64_t lost() const {
    return sent_ - received_.size();
  }

private:
  cluster& cluster_;
  std::vector<started_component> components_;
  std::uint64_t sent_ = 0;
  std::uint64_t last_received_ = 0;
  std::set<std::uint64_t> received_;
  std::uint64_t duplicates_ = 0;
  std::uint64_t out_of_order_ = 0;
};

} // namespace edgeless::test
