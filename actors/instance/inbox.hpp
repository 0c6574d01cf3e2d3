// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/event_sender.hpp"

#include "runtime/delivery/dedup_window.hpp"
#include "runtime/delivery/earlier.hpp"
#include "runtime/delivery/flat_queue.hpp"

#include <caf/actor_clock.hpp>

#include <deque>
#include <map>
#include <optional>
#include <set>

namespace edgeless {

/// The id of a switch of routes: a feeder `from` switches from the predecessor
/// of `to` to `to`, or `from` hands over to its own successor `to`. The marker
/// that ends the former route and the one that opens the next route carry it.
inline std::uint64_t switch_id_of(const physical_id& from,
                                  const physical_id& to) {
  return (from.low * 0x9E3779B97F4A7C15ULL ^ to.low) | 1;
}

/// The events that one instance has received. The inbox keeps the order of each
/// source while that switches routes, drops duplicates of reliable channels,
/// and forwards everything once the instance has a successor. A plain object of
/// its instance's thread.
///
/// A source that leaves a route ends it with a marker, and opens the next route
/// with another marker that names the switch of the first one. Until that one
/// has arrived, the events that the source sends directly are held back.
/// Forwarded events never are, since they were sent before.
class inbox {
public:
  using time_point = caf::actor_clock::time_point;

  /// `room`: the credit that senders take for this inbox. `sender` sends
  /// acknowledgements, and forwards.
  inbox(credit_ptr room, event_sender& sender, caf::actor_clock& clock);

  /// Reserves memory for events that are about to be added.
  void expect(std::size_t n) {
    ready_.expect(n);
  }

  /// Adds a cast, a call, a marker, or a predecessor's dedup state; once there
  /// is a successor, everything but replies.
  void add(event x) {
    if (hold_backs_.empty() && x.stream == 0 && takes_credit(x))
      ready_.push_back(std::move(x));
    else
      sort(std::move(x));
  }

  /// Adds a cast of the instance to itself, which is never held back.
  void push(event x) {
    ready_.push_back(std::move(x));
  }

  /// The payloads of the casts of the instance to itself.
  std::vector<std::string> own_casts();

  // -- events that can be handled ---------------------------------------------
  bool empty() const {
    return ready_.empty();
  }
  event& front() {
    return ready_.front();
  }
  void pop() {
    ready_.pop_front();
  }

  // -- acknowledgements -------------------------------------------------------
  void handled(const receipt& x) {
    window_.handled(x);
  }
  bool has_acks() const {
    return window_.has_acks();
  }
  /// Collects the acknowledgements that are due for event_sender::flush().
  void acknowledge();

  // -- hold-back queues -------------------------------------------------------
  bool is_holding() const {
    return !hold_backs_.empty();
  }
  /// When expire() has something to do, or forwarding times out; nullopt:
  /// never.
  std::optional<time_point> due() const;
  /// Releases sources whose marker has not arrived within limits::marker.
  void expire();
  /// The node of the predecessor is dead, and forwards nothing anymore: no
  /// source is held back from now on.
  void on_predecessor_lost();

  // -- migration --------------------------------------------------------------
  /// From now on all events are forwarded to `to`, which so many components
  /// will feed. Those of the instance to itself are dropped, unless the
  /// successor continues with its memory: then they become its own.
  void hand_over(const endpoint& to, std::uint32_t feeders,
                 bool keeps_memory = false);
  bool is_forwarding() const {
    return successor_.has_value();
  }
  /// Forwards all events that are ready.
  void forward();
  /// All feeders have switched to the successor: no further events will come.
  bool is_deserted() const;
  /// The instance has forwarded for limits::hand_over, and need not go on.
  bool has_forwarding_timed_out() const {
    return successor_ && clock_.now() >= forwarding_deadline_;
  }

  /// The end. All events are dropped, and calls are answered with an error;
  /// after a hand-over they are forwarded, unless the instance crashed.
  void clear(drop_reason reason);

private:
  /// The events that one source has sent on its next route.
  struct hold_back {
    std::uint64_t switch_id = 0;
    time_point since;
    std::size_t markers = 0;
    std::deque<event> waiting{};
  };

  void sort(event x);
  void place(event x);
  void place_numbered(event x);
  void place_released();
  void on_marker(event x);
  void release(std::map<instance_id, hold_back>::iterator held);
  void release_all();
  bool has_seen(std::uint64_t switch_id) const;
  void drop(const event& x, drop_reason reason);

  credit_ptr room_;
  event_sender& sender_;
  caf::actor_clock& clock_;
  flat_queue<event> ready_;
  std::map<instance_id, hold_back> hold_backs_;
  std::deque<event> released_; ///< to be placed
  dedup_window window_;
  std::deque<event> seen_; ///< markers, newest last
  bool predecessor_lost_ = false;
  std::optional<endpoint> successor_;
  time_point forwarding_deadline_;
  std::uint32_t feeders_ = 0;
  bool keeps_memory_ = false;
  std::set<logical_id> switched_; ///< feeders
};

} // namespace edgeless
