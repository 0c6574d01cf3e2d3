// SPDX-License-Identifier: MIT
#pragma once

#include "messages/limits.hpp"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

/// Memory that a node and a sandbox process share: a ring of bytes for each
/// direction, and the flags of sleepers. A hostile process may write anything
/// at any time, so each side keeps its own position privately and reads the
/// peer's once per step.
namespace edgeless {

/// One direction. Positions count bytes since the start, modulo 2^32.
struct shared_ring {
  static constexpr std::uint32_t size = limits::shared_ring;
  static_assert((size & (size - 1)) == 0);

  alignas(64) std::atomic<std::uint32_t> head{0}; ///< written up to here
  alignas(64) std::atomic<std::uint32_t> tail{0}; ///< read up to here
  alignas(64) char bytes[size];
};

/// What a sleeping side waits for.
enum wait_reason : std::uint32_t { wants_bytes = 1, wants_room = 2 };

/// The shared memory of one sandbox. All zeros at the start.
struct guest_channel {
  alignas(64) std::atomic<std::uint32_t> node_waits_for{0};
  alignas(64) std::atomic<std::uint32_t> process_waits_for{0};
  /// The process waits on this futex; each wakeup changes it.
  std::atomic<std::uint32_t> wakeup{0};
  shared_ring down; ///< to the process
  shared_ring up;   ///< to the node
};

static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

/// The writing end of a ring. Reads the peer's position only when the known
/// room is used up, since each read moves a cache line between cores.
class ring_writer {
public:
  explicit ring_writer(shared_ring& ring) : ring_{ring} {
    // nop
  }

  /// Bytes of room now; nothing if the reader's position is impossible.
  std::optional<std::uint32_t> room() {
    auto tail = ring_.tail.load();
    if (head_ - tail > ring_.size)
      return std::nullopt;
    tail_ = tail;
    return known_room();
  }

  /// Writes as many bytes as there is room for; invisible until commit().
  /// Returns the number; nothing as for room().
  std::optional<std::size_t> put(std::string_view bytes) {
    if (bytes.size() > known_room() && !room())
      return std::nullopt;
    auto n = static_cast<std::uint32_t>(
      std::min<std::size_t>(bytes.size(), known_room()));
    if (n == 0)
      return 0;
    auto at = head_ % ring_.size;
    auto first = std::min(n, ring_.size - at);
    std::memcpy(ring_.bytes + at, bytes.data(), first);
    std::memcpy(ring_.bytes, bytes.data() + first, n - first);
    head_ += n;
    return n;
  }

  /// All that was put can be read from now on.
  void commit() {
    ring_.head.store(head_);
  }

private:
  std::uint32_t known_room() const {
    return ring_.size - (head_ - tail_);
  }

  shared_ring& ring_;
  std::uint32_t head_ = 0;
  std::uint32_t tail_ = 0; ///< the reader's position, as last read
};

/// The reading end of a ring. Reads the peer's position only if the known bytes
/// do not suffice. The node must copy bytes before it checks them.
class ring_reader {
public:
  explicit ring_reader(shared_ring& ring) : ring_{ring} {
    // nop
  }

  /// Bytes that can be read: the known ones if there are `enough`, else all
  /// that are there now. Nothing if the writer's position is impossible.
  std::optional<std::uint32_t> available(std::uint32_t enough = 1) {
    if (head_ - tail_ >= enough)
      return head_ - tail_;
    auto head = ring_.head.load();
    if (head - tail_ > ring_.size)
      return std::nullopt;
    head_ = head;
    return head_ - tail_;
  }

  /// Copies the next `n` bytes, which must be available.
  void take(char* to, std::uint32_t n) {
    assert(n <= head_ - tail_);
    auto at = tail_ % ring_.size;
    auto first = std::min(n, ring_.size - at);
    std::memcpy(to, ring_.bytes + at, first);
    std::memcpy(to + first, ring_.bytes, n - first);
    skip(n);
  }

  /// The next `n` bytes in place, valid until skip(). Nothing if they are not
  /// available or not contiguous.
  std::optional<std::string_view> peek(std::uint32_t n) {
    auto at = tail_ % ring_.size;
    if (n > ring_.size - at || available(n).value_or(0) < n)
      return std::nullopt;
    return std::string_view{ring_.bytes + at, n};
  }

  /// Frees the next `n` bytes for the writer.
  void skip(std::uint32_t n) {
    tail_ += n;
    ring_.tail.store(tail_);
  }

private:
  shared_ring& ring_;
  std::uint32_t tail_ = 0;
  std::uint32_t head_ = 0; ///< the writer's position, as last read
};

} // namespace edgeless
