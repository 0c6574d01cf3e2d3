// SPDX-License-Identifier: MIT
#include "runtime/unconfirmed.hpp"

#include <algorithm>

namespace edgeless {

void unconfirmed::push(event x) {
  bytes_ += x.payload.size();
  kept_.push_back({std::move(x)});
}

event unconfirmed::at(std::size_t place) const {
  auto x = kept_[place].content;
  x.stream = stream_;
  x.number = base_ + place + 1;
  x.after = base_;
  return x;
}

event unconfirmed::send() {
  auto x = at(sent_++);
  highest_ = std::max(highest_, x.number);
  return x;
}

event unconfirmed::again() const {
  return at(0);
}

void unconfirmed::pop() {
  bytes_ -= kept_.front().content.payload.size();
  kept_.pop_front();
  ++base_;
  sent_ -= sent_ > 0;
  inherited_ -= inherited_ > 0;
  inherited_sent_ -= inherited_sent_ > 0;
}

bool unconfirmed::confirm(std::uint64_t number) {
  if (number <= base_ || number > highest_)
    return false;
  while (base_ < number && !kept_.empty())
    pop();
  return true;
}

void unconfirmed::rewind(std::uint64_t number) {
  if (number <= base_)
    sent_ = 0;
  else
    sent_ = std::min<std::uint64_t>(sent_, number - base_ - 1);
}

bool unconfirmed::trapped(std::uint64_t number) {
  if (number > 1)
    confirm(number - 1);
  if (kept_.empty() || number != base_ + 1 || number > highest_
      || ++kept_.front().traps < limits::traps_per_event)
    return false;
  pop();
  return true;
}

void unconfirmed::adopt(std::uint64_t stream, std::uint64_t base,
                        std::uint64_t sent) {
  stream_ = stream;
  base_ = base;
  sent_ = 0;
  inherited_ = 0;
  inherited_sent_ = std::min<std::uint64_t>(sent, limits::unconfirmed_events);
  highest_ = base_ + inherited_sent_;
}

void unconfirmed::inherit(event x, std::uint32_t traps) {
  bytes_ += x.payload.size();
  auto place = kept_.begin() + static_cast<std::ptrdiff_t>(inherited_++);
  kept_.insert(place, {std::move(x), traps});
}

/// Some may have been lost on the way: what follows takes their numbers.
void unconfirmed::settle() {
  sent_
    = std::min(std::exchange(inherited_sent_, 0), std::exchange(inherited_, 0));
}

} // namespace edgeless
