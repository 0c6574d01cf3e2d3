// SPDX-License-Identifier: MIT
#pragma once

#include "messages/limits.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

/// Memory that a node and the process of a guest have in common: bytes in both
/// directions, and who sleeps. Each side trusts its own place in a ring only,
/// and looks at the other's once per step: a hostile process writes what it
/// likes, whenever it likes.
namespace edgeless {

/// One direction. Positions count bytes since the beginning, and wrap around.
struct shared_ring {
  static constexpr std::uint32_t size = limits::shared_ring;
  static_assert((size & (size - 1)) == 0);

  alignas(64) std::atomic<std::uint32_t> head{0}; ///< written up to here
  alignas(64) std::atomic<std::uint32_t> tail{0}; ///< read up to here
  alignas(64) char bytes[size];
};

/// What whoever sleeps waits for.
enum guest_wants : std::uint32_t { wants_bytes = 1, wants_room = 2 };

/// All zeros at the beginning, as fresh memory is.
struct guest_channel {
  alignas(64) std::atomic<std::uint32_t> node_wants{0};
  alignas(64) std::atomic<std::uint32_t> process_wants{0};
  /// The process sleeps on this; it changes when it is woken.
  std::atomic<std::uint32_t> wakeup{0};
  shared_ring down; ///< to the process
  shared_ring up;   ///< to the node
};

static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

/// The end of a ring that writes. Looks at the other's place only when the
/// room it knew of is used up: each look costs a way between two cores.
class ring_writer {
public:
  explicit ring_writer(shared_ring& ring) : ring_{ring} {
    // nop
  }

  /// Bytes there is room for now; nothing if the reader's place makes no sense.
  std::optional<std::uint32_t> room() {
    auto tail = ring_.tail.load();
    if (head_ - tail > ring_.size)
      return std::nullopt;
    tail_ = tail;
    return known_room();
  }

  /// Writes as much as there is room for, and tells nobody; how much, nothing
  /// as for room().
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
  void show() {
    ring_.head.store(head_);
  }

private:
  std::uint32_t known_room() const {
    return ring_.size - (head_ - tail_);
  }

  shared_ring& ring_;
  std::uint32_t head_ = 0;
  std::uint32_t tail_ = 0; ///< the reader's place, when last seen
};

/// The end that reads. A node copies bytes before it looks at them; a process
/// trusts its node. Looks at the other's place only for what it has not seen.
class ring_reader {
public:
  explicit ring_reader(shared_ring& ring) : ring_{ring} {
    // nop
  }

  /// Bytes there are: `enough` or more, if so many were there at the last
  /// look; else as many as there are now. Nothing if the writer's place makes
  /// no sense.
  std::optional<std::uint32_t> available(std::uint32_t enough = 1) {
    if (head_ - tail_ >= enough)
      return head_ - tail_;
    auto head = ring_.head.load();
    if (head - tail_ > ring_.size)
      return std::nullopt;
    head_ = head;
    return head_ - tail_;
  }

  /// The next `n` bytes; there must be as many.
  void take(char* to, std::uint32_t n) {
    auto at = tail_ % ring_.size;
    auto first = std::min(n, ring_.size - at);
    std::memcpy(to, ring_.bytes + at, first);
    std::memcpy(to + first, ring_.bytes, n - first);
    skip(n);
  }

  /// The next `n` bytes, where they are: good until skip(). Nothing if they
  /// are not there yet, or not in one piece.
  std::optional<std::string_view> peek(std::uint32_t n) {
    auto at = tail_ % ring_.size;
    if (n > ring_.size - at || available(n).value_or(0) < n)
      return std::nullopt;
    return std::string_view{ring_.bytes + at, n};
  }

  /// Gives the room of the next `n` bytes back.
  void skip(std::uint32_t n) {
    tail_ += n;
    ring_.tail.store(tail_);
  }

private:
  shared_ring& ring_;
  std::uint32_t tail_ = 0;
  std::uint32_t head_ = 0; ///< the writer's place, when last seen
};

} // namespace edgeless
