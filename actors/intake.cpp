// SPDX-License-Identifier: MIT
#include "actors/intake.hpp"

#include <algorithm>

namespace edgeless {

intake::intake(neighbourhood_ptr hood, quota_ptr room, outbox& out,
               instance_id self, caf::actor_clock& clock)
  : hood_{std::move(hood)}, room_{std::move(room)}, out_{out}, self_{self},
    clock_{clock} {
  // nop
}

// -- the order of each source -------------------------------------------------

void intake::sort(event x) {
  place(std::move(x));
  place_released();
}

void intake::place(event x) {
  auto direct = !x.forwarded;
  auto barrier = x.kind == event_kind::barrier;
  if (!barrier && !takes_room(x)) {
    if (successor_)
      ready_.push_back(std::move(x));
    else if (x.kind == event_kind::known && x.forwarded)
      memory_.learn(x);
    return;
  }
  if (auto i = holds_.find(x.source); direct && i != holds_.end()) {
    // Barriers take no room: a bound of their own.
    if (!barrier || ++i->second.barriers <= limits::barriers)
      i->second.waiting.push_back(std::move(x));
    return;
  }
  if (!barrier) {
    make_ready(std::move(x));
    return;
  }
  if (auto after = std::exchange(x.after, 0);
      direct && after != 0 && !orphaned_ && !seen(after)
      && holds_.size() < limits::barriers) {
    auto& made = holds_[x.source];
    made.mark = after;
    made.since = clock_.now();
    if (x.call != 0)
      made.waiting.push_back(std::move(x));
    return;
  }
  if (x.call != 0)
    note(std::move(x));
}

/// Unless it is here already, or one is missing before it.
void intake::make_ready(event x) {
  using verdict = stream_memory::verdict;
  auto what = x.stream == 0 || successor_ ? verdict::fresh : memory_.judge(x);
  if (what == verdict::fresh) {
    ready_.push_back(std::move(x));
    return;
  }
  room_->give_back(1, x.payload.size());
  hood_->counts.count_dropped(
    what == verdict::repeated ? drop_reason::repeated : drop_reason::premature);
}

void intake::tell() {
  for (auto& [source, x] : memory_.take_news()) {
    x.source = self_;
    out_.send(source, std::move(x));
  }
}

/// From now on this barrier is nobody's excuse to wait.
void intake::note(event x) {
  auto mark = x.call;
  x.payload.clear();
  if (successor_)
    ready_.push_back(x);
  seen_.push_back(std::move(x));
  if (seen_.size() > limits::barriers)
    seen_.pop_front();
  for (auto i = holds_.begin(); i != holds_.end();)
    if (auto here = i++; here->second.mark == mark)
      release(here);
}

void intake::release(std::map<instance_id, hold>::iterator who) {
  auto waiting = std::move(who->second.waiting);
  holds_.erase(who);
  released_.insert(released_.begin(), std::move_iterator{waiting.begin()},
                   std::move_iterator{waiting.end()});
}

void intake::place_released() {
  while (!released_.empty()) {
    auto x = std::move(released_.front());
    released_.pop_front();
    place(std::move(x));
  }
}

bool intake::seen(std::uint64_t mark) const {
  return std::ranges::any_of(seen_, [&](auto& x) { return x.call == mark; });
}

std::optional<intake::time_point> intake::due() const {
  std::optional<time_point> result;
  for (auto& [source, x] : holds_)
    if (auto end = x.since + limits::barrier; !result || end < *result)
      result = end;
  return result;
}

void intake::expire() {
  auto limit = clock_.now() - limits::barrier;
  for (auto i = holds_.begin(); i != holds_.end();)
    if (auto here = i++; here->second.since <= limit)
      release(here);
  place_released();
}

void intake::expect_no_barrier() {
  orphaned_ = true;
  while (!holds_.empty()) {
    release(holds_.begin());
    place_released();
  }
}

// -- after a move -------------------------------------------------------------

/// The marks come last: a source whose barrier was seen may go on only behind
/// what it had sent before, which waits here.
void intake::hand_over(const endpoint& to, std::uint32_t feeders) {
  confirm();
  successor_ = to;
  feeders_ = feeders;
  auto known = memory_.all();
  ready_.push_all_front(std::move_iterator{known.begin()},
                        std::move_iterator{known.end()});
  for (auto& x : seen_)
    ready_.push_back(x);
  pass_on();
}

void intake::pass_on() {
  for (auto& x : std::exchange(ready_, {})) {
    if (x.kind == event_kind::barrier) {
      if (x.call == mark_of(x.source.instance, successor_->instance)
          && switched_.size() < feeders_)
        switched_.insert(x.source_component);
    } else if (takes_room(x)) {
      if (x.source == self_) {
        drop(x, drop_reason::self);
        continue;
      }
      room_->give_back(1, x.payload.size());
    }
    out_.pass_on(*successor_, std::move(x));
  }
  out_.flush();
}

bool intake::deserted() const {
  return successor_ && switched_.size() >= feeders_ && holds_.empty();
}

// -- the end ------------------------------------------------------------------

void intake::drop(const event& x, drop_reason reason) {
  if (x.kind == event_kind::kept && x.number != 0) {
    hood_->counts.count_sent(1);
    hood_->counts.count_dropped(reason);
  }
  if (!takes_room(x))
    return;
  room_->give_back(1, x.payload.size());
  hood_->counts.count_dropped(x.source == self_ ? drop_reason::self : reason);
  if (x.kind == event_kind::call)
    out_.send(x.source, failed_call(x, self_));
}

void intake::clear(drop_reason reason) {
  while (!holds_.empty()) {
    release(holds_.begin());
    place_released();
  }
  if (successor_ && reason != drop_reason::crashed) {
    pass_on();
    return;
  }
  for (auto& x : std::exchange(ready_, {}))
    drop(x, reason);
  out_.flush();
}

} // namespace edgeless
