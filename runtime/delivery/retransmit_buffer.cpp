// SPDX-License-Identifier: MIT
#include "runtime/delivery/retransmit_buffer.hpp"

#include <algorithm>

namespace edgeless {

void retransmit_buffer::push(event x) {
  bytes_ += x.payload.size();
  kept_.push_back({std::move(x)});
}

event retransmit_buffer::at(std::size_t place) const {
  auto x = kept_[place].content;
  x.stream = stream_;
  x.number = base_ + place + 1;
  x.after = base_;
  return x;
}

bool retransmit_buffer::evict_oldest() {
  auto place = std::max(ever_sent(), inherited_);
  if (place >= kept_.size())
    return false;
  bytes_ -= kept_[place].content.payload.size();
  kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(place));
  return true;
}

const event* retransmit_buffer::next() const {
  if (unsent() == 0)
    return nullptr;
  auto& x = kept_[sent_].content;
  auto fits = sent_bytes_ + x.payload.size() <= limits::retransmit_in_flight_bytes;
  return sent_ == 0 || (sent_ < window_ && fits) ? &x : nullptr;
}

event retransmit_buffer::send() {
  auto x = at(sent_++);
  sent_bytes_ += x.payload.size();
  highest_ = std::max(highest_, x.number);
  return x;
}

event retransmit_buffer::again() const {
  return at(0);
}

void retransmit_buffer::pop() {
  auto bytes = kept_.front().content.payload.size();
  bytes_ -= bytes;
  kept_.pop_front();
  ++base_;
  if (sent_ > 0) {
    --sent_;
    sent_bytes_ -= bytes;
  }
  inherited_ -= inherited_ > 0;
  inherited_sent_ -= inherited_sent_ > 0;
}

bool retransmit_buffer::confirm(std::uint64_t number) {
  if (number <= base_ || number > highest_)
    return false;
  window_ = std::min(window_ + (number - base_), limits::retransmit_in_flight_events);
  while (base_ < number && !kept_.empty())
    pop();
  return true;
}

/// What was lost on the way found no room: as many again would not, either.
void retransmit_buffer::rewind(std::uint64_t number) {
  auto sent = number <= base_ ? 0 : number - base_ - 1;
  if (sent >= sent_)
    return;
  window_ = std::max<std::size_t>(window_ / 2, 1);
  unsend(sent);
}

/// Only the first `sent` are under way.
void retransmit_buffer::unsend(std::size_t sent) {
  for (; sent_ > sent; --sent_)
    sent_bytes_ -= kept_[sent_ - 1].content.payload.size();
}

void retransmit_buffer::forget_sent() {
  auto here
    = inherited_sent_ > 0 ? std::min(inherited_, inherited_sent_) : ever_sent();
  for (; here > 0; --here)
    pop();
  base_ = std::max(base_, highest_);
  inherited_sent_ = 0;
}

bool retransmit_buffer::trapped(std::uint64_t number) {
  if (number > 1)
    confirm(number - 1);
  if (kept_.empty() || number != base_ + 1 || number > highest_
      || ++kept_.front().traps < limits::traps_per_event)
    return false;
  pop();
  return true;
}

void retransmit_buffer::adopt(std::uint64_t stream, std::uint64_t base,
                              std::uint64_t sent) {
  stream_ = stream;
  base_ = base;
  unsend(0);
  inherited_ = 0;
  inherited_sent_ = std::min<std::uint64_t>(sent, limits::retransmit_events);
  highest_ = base_ + inherited_sent_;
}

void retransmit_buffer::import_streams(event x, std::uint32_t traps) {
  bytes_ += x.payload.size();
  auto place = kept_.begin() + static_cast<std::ptrdiff_t>(inherited_++);
  kept_.insert(place, {std::move(x), traps});
}

/// Some may have been lost on the way: what follows takes their numbers.
void retransmit_buffer::settle() {
  sent_
    = std::min(std::exchange(inherited_sent_, 0), std::exchange(inherited_, 0));
  for (std::size_t i = 0; i < sent_; ++i)
    sent_bytes_ += kept_[i].content.payload.size();
}

} // namespace edgeless
