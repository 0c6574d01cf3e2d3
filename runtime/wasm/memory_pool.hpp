// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <limits>

namespace edgeless {

/// Accounts the linear memory of all guests of an engine, in bytes, against a
/// total. Any number of threads; lock-free.
class memory_pool {
public:
  /// `total` zero: no bound.
  explicit memory_pool(std::uint64_t total = 0)
    : total_{total > 0 ? total : unbounded} {
    // nop
  }

  /// A guest that used `before` bytes now uses `now`. False: the total is
  /// exceeded; the caller must undo the change. It counts until then.
  bool change(std::uint64_t before, std::uint64_t now) {
    assert(before <= used_.load(std::memory_order_relaxed));
    // Unsigned arithmetic wraps around if `now` is less.
    auto used
      = used_.fetch_add(now - before, std::memory_order_acq_rel) + now - before;
    return now <= before || used <= total_;
  }

  std::uint64_t used() const {
    return used_.load(std::memory_order_acquire);
  }

  std::uint64_t left() const {
    return total_ - std::min(used(), total_);
  }

  /// Zero if there is no bound.
  std::uint64_t total() const {
    return total_ == unbounded ? 0 : total_;
  }

private:
  static constexpr auto unbounded
    = std::numeric_limits<std::uint64_t>::max() / 2;

  const std::uint64_t total_;
  std::atomic<std::uint64_t> used_{0};
};

} // namespace edgeless
