// SPDX-License-Identifier: MIT
#include "actors/instance/inbox.hpp"

#include <algorithm>
#include <cassert>

namespace edgeless {

inbox::inbox(credit_ptr room, event_sender& sender, caf::actor_clock& clock)
  : room_{std::move(room)}, sender_{sender}, clock_{clock} {
  // nop
}

std::vector<std::string> inbox::own_casts() {
  std::vector<std::string> result;
  for (auto& x : ready_)
    if (x.source == sender_.self())
      result.push_back(x.payload);
  return result;
}

// -- order per source ---------------------------------------------------------

void inbox::sort(event x) {
  place(std::move(x));
  place_released();
}

void inbox::place(event x) {
  auto is_marker = x.kind == event_kind::marker;
  if (!is_marker && !takes_credit(x)) {
    if (successor_)
      ready_.push_back(std::move(x));
    else if (x.kind == event_kind::known && x.forwarded)
      window_.import_stream(x);
    return;
  }
  if (auto i = hold_backs_.find(x.source);
      !x.forwarded && i != hold_backs_.end()) {
    // Markers take no credit, and have a bound of their own.
    if (!is_marker || ++i->second.markers <= limits::markers)
      i->second.waiting.push_back(std::move(x));
    return;
  }
  if (!is_marker) {
    place_numbered(std::move(x));
    return;
  }
  auto after = std::exchange(x.after, 0);
  if (!x.forwarded && after != 0 && !predecessor_lost_ && !has_seen(after)
      && hold_backs_.size() < limits::markers) {
    auto& held = hold_backs_[x.source];
    held.switch_id = after;
    held.since = clock_.now();
    if (x.call != 0)
      held.waiting.push_back(std::move(x));
  } else if (x.call != 0) {
    on_marker(std::move(x));
  }
}

/// Drops a duplicate, and an event the predecessor of which is missing.
void inbox::place_numbered(event x) {
  using verdict = dedup_window::verdict;
  auto what
    = x.stream == 0 || successor_ ? verdict::fresh : window_.classify(x);
  if (what == verdict::fresh) {
    ready_.push_back(std::move(x));
    return;
  }
  room_->give_back(1, x.payload.size());
  sender_.registry().counts.count_dropped(what == verdict::duplicate
                                            ? drop_reason::duplicate
                                            : drop_reason::out_of_order);
}

void inbox::acknowledge() {
  if (!has_acks())
    return;
  for (auto& [source, x] : window_.drain_acks()) {
    x.source = sender_.self();
    sender_.send(source, std::move(x));
  }
  assert(!has_acks());
}

/// Releases the sources that wait for this marker, and those that open a route
/// after it later.
void inbox::on_marker(event x) {
  auto switch_id = x.call;
  assert(switch_id != 0);
  x.payload.clear();
  if (successor_)
    ready_.push_back(x);
  seen_.push_back(std::move(x));
  if (seen_.size() > limits::markers)
    seen_.pop_front();
  for (auto i = hold_backs_.begin(); i != hold_backs_.end();)
    if (auto here = i++; here->second.switch_id == switch_id)
      release(here);
}

void inbox::release(std::map<instance_id, hold_back>::iterator held) {
  auto waiting = std::move(held->second.waiting);
  hold_backs_.erase(held);
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

bool inbox::has_seen(std::uint64_t switch_id) const {
  return std::ranges::any_of(seen_,
                             [&](auto& x) { return x.call == switch_id; });
}

std::optional<inbox::time_point> inbox::due() const {
  std::optional<time_point> result;
  if (successor_)
    result = forwarding_deadline_;
  for (auto& [source, x] : hold_backs_)
    result = earlier(result, std::optional{x.since + limits::marker});
  return result;
}

void inbox::expire() {
  auto limit = clock_.now() - limits::marker;
  for (auto i = hold_backs_.begin(); i != hold_backs_.end();)
    if (auto here = i++; here->second.since <= limit)
      release(here);
  place_released();
}

void inbox::on_predecessor_lost() {
  predecessor_lost_ = true;
  release_all();
}

void inbox::release_all() {
  while (!hold_backs_.empty()) {
    release(hold_backs_.begin());
    place_released();
  }
}

// -- migration ----------------------------------------------------------------

/// The seen markers come last: the successor may release a source only behind
/// the earlier events of that source, which wait here.
void inbox::hand_over(const endpoint& to, std::uint32_t feeders,
                      bool keeps_memory) {
  assert(!successor_);
  keeps_memory_ = keeps_memory;
  acknowledge();
  successor_ = to;
  forwarding_deadline_ = clock_.now() + limits::hand_over;
  feeders_ = feeders;
  auto streams = window_.export_all();
  ready_.push_all_front(std::move_iterator{streams.begin()},
                        std::move_iterator{streams.end()});
  for (auto& x : seen_)
    ready_.push_back(x);
  forward();
}

void inbox::forward() {
  assert(successor_);
  for (auto& x : std::exchange(ready_, {})) {
    if (x.kind == event_kind::marker) {
      if (x.call == switch_id_of(x.source.instance, successor_->instance)
          && switched_.size() < feeders_)
        switched_.insert(x.source_component);
    } else if (takes_credit(x)) {
      if (x.source == sender_.self()) {
        if (!keeps_memory_) {
          drop(x, drop_reason::self_channel);
          continue;
        }
        x.source = {successor_->node, successor_->instance};
      }
      room_->give_back(1, x.payload.size());
    }
    sender_.forward(*successor_, std::move(x));
  }
  sender_.flush();
}

bool inbox::is_deserted() const {
  assert(switched_.size() <= feeders_);
  return successor_ && switched_.size() >= feeders_ && hold_backs_.empty();
}

// -- the end ------------------------------------------------------------------

void inbox::drop(const event& x, drop_reason reason) {
  if (x.kind == event_kind::kept && x.number != 0)
    sender_.drop_unsent(1, reason);
  if (!takes_credit(x))
    return;
  room_->give_back(1, x.payload.size());
  sender_.registry().counts.count_dropped(
    x.source == sender_.self() ? drop_reason::self_channel : reason);
  if (x.kind == event_kind::call)
    sender_.send(x.source,
                 make_error_reply(x, sender_.self(), call_progress::none));
}

void inbox::clear(drop_reason reason) {
  release_all();
  if (successor_ && reason != drop_reason::crashed) {
    forward();
    return;
  }
  for (auto& x : std::exchange(ready_, {}))
    drop(x, reason);
  sender_.flush();
}

} // namespace edgeless
