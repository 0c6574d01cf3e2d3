// SPDX-License-Identifier: MIT
#pragma once

#include "test/simulation/started_component.hpp"

#include "messages/ids.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace edgeless::test {

/// v0 -> v1: a channel with `delivery: at-least-once` whose ends are migrated,
/// and may crash. v1 calls v2 with each event, and has handled it when the
/// reply is there: it may crash in between.
class at_least_once_stream {
public:
  explicit at_least_once_stream(cluster& x) : cluster_{x} {
    // nop
  }

  void start();
  /// The source casts no more by itself.
  void stop_sending() {
    sending_ = false;
  }
  /// The source is about to cast this many events; nothing is delivered yet.
  void enqueue_sends(int count);
  /// Crashes the sink between two of its events.
  void crash_sink();

  /// Empty if the stream was not started.
  const std::vector<started_component>& components() const {
    return components_;
  }

  /// Whether each event was handled that an instance of the source has sent.
  /// An instance that has crashed, or has ended with its node, promises
  /// nothing, unless `ended_too`.
  bool has_delivered(bool ended_too) const;

  /// Events that were handled more than once.
  std::uint64_t duplicates() const {
    return duplicates_;
  }

private:
  cluster& cluster_;
  std::vector<started_component> components_;
  bool sending_ = true;
  std::uint64_t last_sent_ = 0;
  std::map<physical_id, std::set<std::uint64_t>> sent_; ///< by their senders
  std::set<std::uint64_t> handled_;
  std::uint64_t duplicates_ = 0;
};

} // namespace edgeless::test
