// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cassert>
#include <cstdint>

namespace edgeless {

/// Credit for one receiver: bounds the events and bytes on their way to it.
/// CAF's mailboxes are unbounded, so a sender takes credit before it sends, and
/// the receiver gives it back when it has taken the event up. Any number of
/// threads; lock-free.
class credit {
public:
  /// For up to `events` (< 2^23) events of `bytes` (< 2^40) together.
  credit(std::uint32_t events, std::uint64_t bytes)
    : events_{events}, bytes_{bytes} {
    assert(events < 1u << 23);
    assert(bytes < one);
  }

  /// Takes credit for one event. False: there is none, drop the event. An
  /// unused credit admits an event of any size.
  bool take(std::uint64_t bytes) {
    assert(bytes < one);
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

  /// Returns what take() took; bytes may be returned before their event.
  void give_back(std::uint64_t events, std::uint64_t bytes) {
    [[maybe_unused]] auto before
      = used_.fetch_sub(events << shift | bytes, std::memory_order_acq_rel);
    assert((before & ~closed_bit) >> shift >= events);
    assert((before & mask) >= bytes);
  }

  /// The receiver has ended: take() fails from now on. What was admitted before
  /// is events(), exactly.
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
  // Both counts share one word, so that one atomic exchange takes both.
  static constexpr int shift = 40;
  static constexpr std::uint64_t one = std::uint64_t{1} << shift;
  static constexpr std::uint64_t mask = one - 1;
  static constexpr std::uint64_t closed_bit = std::uint64_t{1} << 63;

  const std::uint64_t events_;
  const std::uint64_t bytes_;
  std::atomic<std::uint64_t> used_{0};
};

} // namespace edgeless
