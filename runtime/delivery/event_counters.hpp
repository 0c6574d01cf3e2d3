// SPDX-License-Identifier: MIT
#pragma once

#include "messages/event.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace edgeless {

/// Counts the casts and calls of one node. As long as no node crashes, over all
/// nodes: sent = handled + dropped + in flight. The counters count copies: an
/// event that is delivered at least once counts as sent with each transmission,
/// or when it is dropped without ever having been sent. Any thread.
class event_counters {
public:
  void count_sent(std::uint64_t n) {
    sent_.fetch_add(n, std::memory_order_relaxed);
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

  std::uint64_t handled() const {
    return handled_.load(std::memory_order_relaxed);
  }

  std::uint64_t dropped(drop_reason reason) const {
    return dropped_[static_cast<std::size_t>(reason)].load(
      std::memory_order_relaxed);
  }

  /// All drops of casts and calls. Late replies are excluded, since replies are
  /// never counted as sent.
  std::uint64_t dropped() const {
    std::uint64_t sum = 0;
    for (auto& count : dropped_)
      sum += count.load(std::memory_order_relaxed);
    return sum - dropped(drop_reason::late_answer);
  }

private:
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> handled_{0};
  std::array<std::atomic<std::uint64_t>, drop_reasons> dropped_{};
};

} // namespace edgeless
