// SPDX-License-Identifier: MIT
#include "runtime/delivery/retransmit_buffer.hpp"

#include <algorithm>
#include <cassert>

namespace edgeless {

void retransmit_buffer::push(event x) {
  bytes_ += x.payload.size();
  entries_.push_back({std::move(x)});
  assert(is_consistent());
}

event retransmit_buffer::at(std::size_t place) const {
  assert(place < entries_.size());
  auto x = entries_[place].content;
  x.stream = stream_;
  x.number = base_ + place + 1;
  x.after = base_;
  return x;
}

bool retransmit_buffer::evict_oldest() {
  auto place = std::max(ever_sent(), imported_);
  if (place >= entries_.size())
    return false;
  bytes_ -= entries_[place].content.payload.size();
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(place));
  assert(is_consistent());
  return true;
}

const event* retransmit_buffer::next() const {
  if (unsent() == 0)
    return nullptr;
  auto& x = entries_[sent_].content;
  auto fits
    = sent_bytes_ + x.payload.size() <= limits::retransmit_in_flight_bytes;
  return sent_ == 0 || (sent_ < window_ && fits) ? &x : nullptr;
}

event retransmit_buffer::send() {
  assert(next() != nullptr);
  auto x = at(sent_++);
  sent_bytes_ += x.payload.size();
  highest_ = std::max(highest_, x.number);
  assert(is_consistent());
  return x;
}

event retransmit_buffer::first() const {
  return at(0);
}

void retransmit_buffer::pop() {
  assert(!entries_.empty());
  auto bytes = entries_.front().content.payload.size();
  bytes_ -= bytes;
  entries_.pop_front();
  ++base_;
  if (sent_ > 0) {
    --sent_;
    sent_bytes_ -= bytes;
  }
  imported_ -= imported_ > 0;
  imported_sent_ -= imported_sent_ > 0;
  assert(is_consistent());
}

bool retransmit_buffer::acknowledge(std::uint64_t number) {
  if (number <= base_ || number > highest_)
    return false;
  window_
    = std::min(window_ + (number - base_), limits::retransmit_in_flight_events);
  while (base_ < number && !entries_.empty())
    pop();
  return true;
}

/// The lost events found no credit, and as many again would not find any,
/// either: hence the smaller window.
void retransmit_buffer::rewind(std::uint64_t number) {
  auto sent = number <= base_ ? 0 : number - base_ - 1;
  if (sent >= sent_)
    return;
  window_ = std::max<std::size_t>(window_ / 2, 1);
  unsend(sent);
}

/// Only the first `sent` events remain in flight.
void retransmit_buffer::unsend(std::size_t sent) {
  for (; sent_ > sent; --sent_)
    sent_bytes_ -= entries_[sent_ - 1].content.payload.size();
  assert(is_consistent());
}

void retransmit_buffer::forget_sent() {
  auto count
    = imported_sent_ > 0 ? std::min(imported_, imported_sent_) : ever_sent();
  for (; count > 0; --count)
    pop();
  base_ = std::max(base_, highest_);
  imported_sent_ = 0;
}

bool retransmit_buffer::on_trap(std::uint64_t number) {
  if (number > 1)
    acknowledge(number - 1);
  if (entries_.empty() || number != base_ + 1 || number > highest_
      || ++entries_.front().traps < limits::traps_per_event)
    return false;
  pop();
  return true;
}

void retransmit_buffer::begin_import(std::uint64_t stream, std::uint64_t base,
                                     std::uint64_t sent) {
  assert(sent_ == 0);
  stream_ = stream;
  base_ = base;
  imported_ = 0;
  imported_sent_ = std::min<std::uint64_t>(sent, limits::retransmit_events);
  highest_ = base_ + imported_sent_;
}

void retransmit_buffer::import_event(event x, std::uint32_t traps) {
  bytes_ += x.payload.size();
  auto place = entries_.begin() + static_cast<std::ptrdiff_t>(imported_++);
  entries_.insert(place, {std::move(x), traps});
  assert(is_consistent());
}

/// Some events may have been lost on the way: later ones take their numbers.
void retransmit_buffer::finish_import() {
  sent_
    = std::min(std::exchange(imported_sent_, 0), std::exchange(imported_, 0));
  for (std::size_t i = 0; i < sent_; ++i)
    sent_bytes_ += entries_[i].content.payload.size();
  assert(is_consistent());
}

bool retransmit_buffer::is_consistent() const {
  return sent_ <= entries_.size() && sent_ + imported_ <= entries_.size()
         && sent_bytes_ <= bytes_ && window_ > 0
         && (sent_ == 0 || highest_ >= base_ + sent_);
}

} // namespace edgeless
