// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

namespace edgeless {

/// Room at one receiver. CAF's mailboxes are unbounded, so senders take room
/// here before they send, and the receiver gives it back when it has taken the
/// event up. Any number of threads; never locks.
class credit {
public:
  /// Up to `events` (< 2^23) events of `bytes` (< 2^40) together.
  credit(std::uint32_t events, std::uint64_t bytes)
    : events_{events}, bytes_{bytes} {
    // nop
  }

  /// Takes room for one event; false: there is none, drop it. Whoever has all
  /// its room left admits any event, however large.
  bool take(std::uint64_t bytes) {
    auto used = used_.load(std::memory_order_relaxed);
    do {
      if (used >= one
          && (used >= closed_bit || used >> shift >= events_
              || (used & mask) + bytes > bytes_))
        return false;
    } while (!used_.compare_exchange_weak(used, used + (one | bytes),
                                          std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
    return true;
  }

  void give_back(std::uint64_t events, std::uint64_t bytes) {
    used_.fetch_sub(events << shift | bytes, std::memory_order_acq_rel);
  }

  /// Nobody takes events up here anymore: from now on there is no room. What
  /// was admitted before is events(), exactly.
  void close() {
    used_.fetch_or(closed_bit, std::memory_order_acq_rel);
  }

  bool closed() const {
    return used_.load(std::memory_order_relaxed) >= closed_bit;
  }

  std::uint64_t events() const {
    return (used_.load(std::memory_order_acquire) & ~closed_bit) >> shift;
  }

  std::uint64_t bytes() const {
    return used_.load(std::memory_order_relaxed) & mask;
  }

private:
  // Both counts in one word, so that one exchange takes both.
  static constexpr int shift = 40;
  static constexpr std::uint64_t one = std::uint64_t{1} << shift;
  static constexpr std::uint64_t mask = one - 1;
  static constexpr std::uint64_t closed_bit = std::uint64_t{1} << 63;

  const std::uint64_t events_;
  const std::uint64_t bytes_;
  std::atomic<std::uint64_t> used_{0};
};

} // namespace edgeless
