// SPDX-License-Identifier: MIT
#pragma once

#include "messages/event.hpp"
#include "messages/limits.hpp"

#include <cstdint>
#include <deque>

namespace edgeless {

/// What one channel that promises something has sent, or will, and has not been
/// confirmed. It is sent in order, and confirmed in order; a number is a place
/// in its stream, so what was sent has no gaps.
class retransmit_buffer {
public:
  explicit retransmit_buffer(std::uint64_t stream) : stream_{stream} {
    // nop
  }

  std::uint64_t stream() const {
    return stream_;
  }
  /// Up to this number, all is confirmed.
  std::uint64_t base() const {
    return base_;
  }
  bool empty() const {
    return kept_.empty();
  }
  /// How many have been sent, and not since they must be sent again.
  std::size_t sent() const {
    return sent_;
  }
  std::size_t unsent() const {
    return kept_.size() - sent_;
  }
  /// How many have been sent at any time: they may have been taken.
  std::size_t ever_sent() const {
    return highest_ > base_ ? highest_ - base_ : 0;
  }

  /// Whoever has none takes any legal event.
  bool has_room(std::size_t bytes) const {
    return kept_.empty()
           || (kept_.size() < limits::retransmit_events
               && bytes_ + bytes <= limits::retransmit_bytes);
  }
  /// Room for what waits to be sent, which is never taken by what was sent.
  bool may_wait(std::size_t bytes) const {
    return unsent() == 0
           || (unsent() < limits::held_events
               && bytes_ - sent_bytes_ + bytes <= limits::held_bytes);
  }

  /// Keeps an event, behind all others.
  void push(event x);
  /// Forgets the oldest that was never sent. False: there is none.
  bool evict_oldest();

  /// The next that is to be sent; nothing: all have been, or enough of them are
  /// under way. That is less for a while when some were lost.
  const event* next() const;
  /// A copy of it, to be sent.
  event send();
  /// A copy of the first, which has been sent before.
  event again() const;

  /// Forgets all up to that number. False: nothing new. What was never sent
  /// cannot be confirmed.
  bool confirm(std::uint64_t number);
  /// From that number on, all are sent again.
  void rewind(std::uint64_t number);
  /// Whoever was sent some is gone: perhaps they were handled.
  void forget_sent();
  /// The first has trapped its receiver, and all before it were handled. True:
  /// too often, it is forgotten.
  bool trapped(std::uint64_t number);

  // -- from one life of the channel to the next -------------------------------
  /// How often the one at that place has trapped a receiver.
  std::uint32_t traps(std::size_t place) const {
    return kept_[place].traps;
  }
  /// What a predecessor has kept: its first `sent` have been sent. Stays in
  /// front of what is here by now, none of which may have been sent.
  void adopt(std::uint64_t stream, std::uint64_t base, std::uint64_t sent);
  /// The next that it has kept, in its order.
  void import_streams(event x, std::uint32_t traps);
  /// That is all.
  void settle();

  /// All that is kept, in order, the first ones sent.
  std::size_t size() const {
    return kept_.size();
  }
  event at(std::size_t place) const;

private:
  struct entry {
    event content;
    std::uint32_t traps = 0;
  };

  void pop();
  void unsend(std::size_t sent);

  std::uint64_t stream_;
  std::uint64_t base_ = 0;
  std::uint64_t highest_ = 0; ///< that was ever sent
  std::deque<entry> kept_;
  std::size_t bytes_ = 0;
  std::size_t sent_ = 0;
  std::size_t sent_bytes_ = 0;
  std::size_t window_ = limits::retransmit_in_flight_events; ///< how many may be sent
  std::size_t inherited_ = 0; ///< while a predecessor's are coming
  std::size_t inherited_sent_ = 0;
};

} // namespace edgeless
