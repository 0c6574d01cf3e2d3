// SPDX-License-Identifier: MIT
#pragma once

#include "messages/event.hpp"
#include "messages/limits.hpp"

#include <cstdint>
#include <deque>

namespace edgeless {

/// The events of one output channel that are not acknowledged yet: the first
/// ones have been sent, the others wait. They are sent and acknowledged in
/// order. The number of an event is its place in the stream, from 1, so that
/// the numbers of sent events have no gaps.
class retransmit_buffer {
public:
  explicit retransmit_buffer(std::uint64_t stream) : stream_{stream} {
    // nop
  }

  std::uint64_t stream() const {
    return stream_;
  }
  /// All numbers up to this one are acknowledged. Never decreases.
  std::uint64_t base() const {
    return base_;
  }
  bool empty() const {
    return entries_.empty();
  }
  /// How many events are in flight: sent, and not rewound since.
  std::size_t sent() const {
    return sent_;
  }
  std::size_t unsent() const {
    return entries_.size() - sent_;
  }
  /// Whether the event that send() returns was sent before, to any target.
  bool is_next_repeated() const {
    return base_ + sent_ < highest_;
  }
  /// How many events have been sent at any time: the target may have them.
  std::size_t ever_sent() const {
    return highest_ > base_ ? highest_ - base_ : 0;
  }

  /// Whether another event fits. An empty buffer takes any legal event.
  bool has_room(std::size_t bytes) const {
    return entries_.empty()
           || (entries_.size() < limits::retransmit_events
               && bytes_ + bytes <= limits::retransmit_bytes);
  }
  /// Whether another event fits beside those that wait to be sent. Events in
  /// flight do not count.
  bool may_wait(std::size_t bytes) const {
    return unsent() == 0
           || (unsent() < limits::held_events
               && bytes_ - sent_bytes_ + bytes <= limits::held_bytes);
  }

  /// Appends an event.
  void push(event x);
  /// Removes the oldest event that was never sent. False: there is none.
  bool evict_oldest();

  /// The event that is to be sent next. nullptr: all events have been sent, or
  /// the window is full. A loss halves the window, acknowledgements grow it.
  const event* next() const;
  /// Marks next() as sent, and returns a copy of it.
  event send();
  /// A copy of the first event, which has been sent before.
  event first() const;

  /// Removes all events up to that number. False: nothing new, or an event with
  /// that number was never sent.
  bool acknowledge(std::uint64_t number);
  /// All events from that number on are to be sent again.
  void rewind(std::uint64_t number);
  /// Removes all events that were ever sent: their target is gone, and may have
  /// handled them.
  void forget_sent();
  /// The event with that number, the first one, has trapped its receiver. True:
  /// for the limits::traps_per_event-th time, so that it was removed.
  bool on_trap(std::uint64_t number);

  // -- transfer from a predecessor instance -----------------------------------
  /// How often the event at that place has trapped a receiver.
  std::uint32_t traps(std::size_t place) const {
    return entries_[place].traps;
  }
  /// Continues the stream of a predecessor, the first `sent` events of which
  /// have been sent. Its events will stand in front of the present ones, none
  /// of which may have been sent.
  void begin_import(std::uint64_t stream, std::uint64_t base,
                    std::uint64_t sent);
  /// The next event of the predecessor.
  void import_event(event x, std::uint32_t traps);
  void finish_import();

  /// All events, those in flight first.
  std::size_t size() const {
    return entries_.size();
  }
  event at(std::size_t place) const;

private:
  struct entry {
    event content;
    std::uint32_t traps = 0;
  };

  void pop();
  void unsend(std::size_t sent);
  bool is_consistent() const;

  std::uint64_t stream_;
  std::uint64_t base_ = 0;
  std::uint64_t highest_ = 0; ///< the highest number that was ever sent
  std::deque<entry> entries_;
  std::size_t bytes_ = 0;
  std::size_t sent_ = 0;
  std::size_t sent_bytes_ = 0;
  std::size_t window_
    = limits::retransmit_in_flight_events; ///< the bound of sent_
  // During an import:
  std::size_t imported_ = 0;
  std::size_t imported_sent_ = 0; ///< sent by the predecessor
};

} // namespace edgeless
