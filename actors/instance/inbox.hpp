// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/outbox.hpp"

#include "runtime/delivery/dedup_window.hpp"
#include "runtime/delivery/flat_queue.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>

namespace edgeless {

/// What one instance has been sent: a plain object of it. It keeps the order of
/// each source also while that changes its way, and once the instance has a
/// successor, passes everything on to it.
///
/// A source that leaves a way ends it with a marker, and opens the next one
/// with another that says which it comes after. Until that one is seen, what
/// the source sends directly waits here; what is forwarded never does, since it
/// was sent before.
class inbox {
public:
  using time_point = caf::actor_clock::time_point;

  /// `room` is what senders have taken, `out` the instance's own outputs.
  inbox(instance_registry_ptr registry, credit_ptr room, outbox& out,
        instance_id self, caf::actor_clock& clock);

  /// So many events are about to be added.
  void expect(std::size_t n) {
    ready_.expect(n);
  }

  /// Takes up a cast, a call or a marker; what a predecessor knew; and, once
  /// there is a successor, all that is not an answer.
  void add(event x) {
    if (holds_.empty() && x.stream == 0 && takes_credit(x))
      ready_.push_back(std::move(x));
    else
      sort(std::move(x));
  }

  /// What the instance has sent to itself: waits for nobody.
  void push(event x) {
    ready_.push_back(std::move(x));
  }

  // -- what can be handled now ------------------------------------------------
  bool empty() const {
    return ready_.empty();
  }
  event& front() {
    return ready_.front();
  }
  void pop() {
    ready_.pop_front();
  }

  // -- what is delivered at least once ----------------------------------------
  void handled(const receipt& x) {
    memory_.handled(x);
  }
  bool speaks() const {
    return memory_.speaks();
  }
  /// Tells the sources what was handled since the last time. The outbox has yet
  /// to be flushed.
  void confirm() {
    if (speaks())
      tell();
  }

  // -- who is held ------------------------------------------------------------
  bool holding() const {
    return !holds_.empty();
  }
  /// When expire() has something to do; nothing: nobody is held.
  std::optional<time_point> due() const;
  /// Waits no longer for markers that have not come within limits::marker.
  void expire();
  /// Whom it took over from is dead: nothing comes that way anymore, so that
  /// there is nothing to wait for.
  void expect_no_barrier();

  // -- after a move -----------------------------------------------------------
  /// From now on everything goes to `to`, whom so many components will feed.
  void hand_over(const endpoint& to, std::uint32_t feeders);
  bool handed_over() const {
    return successor_.has_value();
  }
  /// Sends on what can be by now.
  void pass_on();
  /// All feeders have switched to the successor: nothing more will come.
  bool deserted() const;

  /// The end: what is here is counted and calls fail; or it is still passed on,
  /// unless that was a crash.
  void clear(drop_reason reason);

private:
  /// What one source has sent on its new way.
  struct hold {
    std::uint64_t mark = 0;
    time_point since;
    std::size_t markers = 0;
    std::deque<event> waiting{};
  };

  void tell();
  void sort(event x);
  void make_ready(event x);
  void place(event x);
  void note(event marker);
  void release(std::map<instance_id, hold>::iterator who);
  void place_released();
  bool seen(std::uint64_t mark) const;
  void drop(const event& x, drop_reason reason);

  instance_registry_ptr registry_;
  credit_ptr room_;
  outbox& out_;
  instance_id self_;
  caf::actor_clock& clock_;
  flat_queue<event> ready_;
  std::map<instance_id, hold> holds_;
  std::deque<event> released_;
  dedup_window memory_;
  std::deque<event> seen_; ///< markers, newest last
  bool orphaned_ = false;
  std::optional<endpoint> successor_;
  std::uint32_t feeders_ = 0;
  std::set<logical_id> switched_;
};

} // namespace edgeless
