// SPDX-License-Identifier: MIT
#include "actors/instance/inbox.hpp"

#include <algorithm>

namespace edgeless {

inbox::inbox(instance_registry_ptr registry, credit_ptr room, outbox& out,
             instance_id self, caf::actor_clock& clock)
  : registry_{std::move(registry)}, room_{std::move(room)}, out_{out},
    self_{self}, clock_{clock} {
  // nop
}

// -- the order of each source -------------------------------------------------

void inbox::sort(event x) {
  place(std::move(x));
  place_released();
}

void inbox::place(event x) {
  auto direct = !x.forwarded;
  auto marker = x.kind == event_kind::marker;
  if (!marker && !takes_credit(x)) {
    if (successor_)
      ready_.push_back(std::move(x));
    else if (x.kind == event_kind::known && x.forwarded)
      memory_.learn(x);
    return;
  }
  if (auto i = holds_.find(x.source); direct && i != holds_.end()) {
    // Barriers take no room: a bound of their own.
    if (!marker || ++i->second.markers <= limits::markers)
      i->second.waiting.push_back(std::move(x));
    return;
  }
  if (!marker) {
    make_ready(std::move(x));
    return;
  }
  if (auto after = std::exchange(x.after, 0);
      direct && after != 0 && !orphaned_ && !seen(after)
      && holds_.size() < limits::markers) {
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
void inbox::make_ready(event x) {
  using verdict = dedup_window::verdict;
  auto what
    = x.stream == 0 || successor_ ? verdict::fresh : memory_.classify(x);
  if (what == verdict::fresh) {
    ready_.push_back(std::move(x));
    return;
  }
  room_->give_back(1, x.payload.size());
  registry_->counts.count_dropped(what == verdict::duplicate
                                    ? drop_reason::duplicate
                                    : drop_reason::out_of_order);
}

void inbox::tell() {
  for (auto& [source, x] : memory_.drain_acks()) {
    x.source = self_;
    out_.send(source, std::move(x));
  }
}

/// From now on this marker is nobody's excuse to wait.
void inbox::note(event x) {
  auto mark = x.call;
  x.payload.clear();
  if (successor_)
    ready_.push_back(x);
  seen_.push_back(std::move(x));
  if (seen_.size() > limits::markers)
    seen_.pop_front();
  for (auto i = holds_.begin(); i != holds_.end();)
    if (auto here = i++; here->second.mark == mark)
      release(here);
}

void inbox::release(std::map<instance_id, hold>::iterator who) {
  auto waiting = std::move(who->second.waiting);
  holds_.erase(who);
  released_.insert(released_.begin(), std::move_iterator{waiting.begin()},
                   std::move_iterator{waiting.end()});
}

void inbox::place_released() {
  while (!released_.empty()) {
    auto x = std::move(released_.front());
    released_.pop_front();
    place(std::move(x));
  }
}

bool inbox::seen(std::uint64_t mark) const {
  return std::ranges::any_of(seen_, [&](auto& x) { return x.call == mark; });
}

std::optional<inbox::time_point> inbox::due() const {
  std::optional<time_point> result;
  for (auto& [source, x] : holds_)
    if (auto end = x.since + limits::marker; !result || end < *result)
      result = end;
  return result;
}

void inbox::expire() {
  auto limit = clock_.now() - limits::marker;
  for (auto i = holds_.begin(); i != holds_.end();)
    if (auto here = i++; here->second.since <= limit)
      release(here);
  place_released();
}

void inbox::expect_no_barrier() {
  orphaned_ = true;
  while (!holds_.empty()) {
    release(holds_.begin());
    place_released();
  }
}

// -- after a move -------------------------------------------------------------

/// The marks come last: a source whose marker was seen may go on only behind
/// what it had sent before, which waits here.
void inbox::hand_over(const endpoint& to, std::uint32_t feeders) {
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

void inbox::pass_on() {
  for (auto& x : std::exchange(ready_, {})) {
    if (x.kind == event_kind::marker) {
      if (x.call == switch_id_of(x.source.instance, successor_->instance)
          && switched_.size() < feeders_)
        switched_.insert(x.source_component);
    } else if (takes_credit(x)) {
      if (x.source == self_) {
        drop(x, drop_reason::self_channel);
        continue;
      }
      room_->give_back(1, x.payload.size());
    }
    out_.pass_on(*successor_, std::move(x));
  }
  out_.flush();
}

bool inbox::deserted() const {
  return successor_ && switched_.size() >= feeders_ && holds_.empty();
}

// -- the end ------------------------------------------------------------------

void inbox::drop(const event& x, drop_reason reason) {
  if (x.kind == event_kind::kept && x.number != 0) {
    registry_->counts.count_sent(1);
    registry_->counts.count_dropped(reason);
  }
  if (!takes_credit(x))
    return;
  room_->give_back(1, x.payload.size());
  registry_->counts.count_dropped(x.source == self_ ? drop_reason::self_channel
                                                    : reason);
  if (x.kind == event_kind::call)
    out_.send(x.source, make_error_reply(x, self_));
}

void inbox::clear(drop_reason reason) {
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
