// SPDX-License-Identifier: MIT
#pragma once

#include "messages/event.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace edgeless {

/// Whether the receiver discards an event with this reason as a copy: the event
/// itself has arrived before, or will be sent again.
constexpr bool is_copy(drop_reason reason) {
  return reason == drop_reason::duplicate
         || reason == drop_reason::out_of_order;
}

/// Counts the casts and calls of one node. As long as no node crashes, over all
/// nodes: sent + retransmitted = handled + dropped + discarded + in flight.
/// `sent` counts an event that waits for its acknowledgement once: with its
/// first transmission, or when it is dropped without one. Any thread.
class event_counters {
public:
  void count_sent(std::uint64_t n) {
    sent_.fetch_add(n, std::memory_order_relaxed);
  }

  void count_retransmitted() {
    retransmitted_.fetch_add(1, std::memory_order_relaxed);
  }

  void count_handled(std::uint64_t n) {
    handled_.fetch_add(n, std::memory_order_relaxed);
  }

  void count_dropped(drop_reason reason, std::uint64_t n = 1) {
    dropped_[static_cast<std::size_t>(reason)].fetch_add(
      n, std::memory_order_relaxed);
  }

  std::uint64_t sent() const {
    return sent_.load(std::memory_order_relaxed);
  }

  std::uint64_t retransmitted() const {
    return retransmitted_.load(std::memory_order_relaxed);
  }

  /// Copies that receivers have discarded.
  std::uint64_t discarded() const {
    return dropped(drop_reason::duplicate) + dropped(drop_reason::out_of_order);
  }

  std::uint64_t handled() const {
    return handled_.load(std::memory_order_relaxed);
  }

  std::uint64_t dropped(drop_reason reason) const {
    return dropped_[static_cast<std::size_t>(reason)].load(
      std::memory_order_relaxed);
  }

  /// All drops of casts and calls, each of which is a loss: copies that were
  /// discarded are none. Late replies are excluded, since replies are never
  /// counted as sent.
  std::uint64_t dropped() const {
    std::uint64_t sum = 0;
    for (auto& count : dropped_)
      sum += count.load(std::memory_order_relaxed);
    return sum - dropped(drop_reason::late_answer) - discarded();
  }

private:
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> retransmitted_{0};
  std::atomic<std::uint64_t> handled_{0};
  std::array<std::atomic<std::uint64_t>, drop_reasons> dropped_{};
};

} // namespace edgeless
