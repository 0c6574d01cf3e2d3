// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/outbox.hpp"

namespace edgeless {

/// The inbox and the outbox of one instance, and what the instances of
/// functions and of resources do with them alike. A plain object of its
/// instance's thread.
class instance_queues {
public:
  instance_queues(instance_registry_ptr registry, egress_actor egress,
                  physical_id id, logical_id component, credit_ptr room,
                  caf::actor_clock& clock, channel_policies policies = {},
                  std::uint64_t stream_seed = 0)
    : id_{id}, registry_{registry}, room_{room}, clock_{clock},
      out{std::move(registry),
          std::move(egress),
          {registry_->self, id},
          component,
          clock,
          std::move(policies),
          stream_seed},
      in{std::move(room), out.sender(), clock} {
    // nop
  }

private:
  physical_id id_;
  instance_registry_ptr registry_;
  credit_ptr room_;
  caf::actor_clock& clock_;
  bool release_scheduled_ = false;

public:
  outbox out;
  inbox in;

  event_sender& sender() {
    return out.sender();
  }

  /// Removes the next event from the inbox, and returns its credit.
  event take() {
    auto x = std::move(in.front());
    in.pop();
    room_->give_back(1, x.payload.size());
    return x;
  }

  /// Adds a cast of the instance to itself. False: the inbox is full.
  bool push(std::string_view payload) {
    if (!room_->take(payload.size()))
      return false;
    in.push(sender().make(event_kind::cast, payload));
    return true;
  }

  /// Sends what was collected, with acknowledgements.
  void flush() {
    in.acknowledge();
    out.flush();
  }

  /// Sends atom::tick when hold-back queues of the inbox expire.
  template <class Self>
  void schedule_release(Self* self) {
    if (release_scheduled_)
      return;
    if (auto due = in.due()) {
      release_scheduled_ = true;
      self->delayed_send(self, *due - clock_.now(), atom::tick_v);
    }
  }

  /// Releases expired hold-back queues, on atom::tick.
  void release_expired() {
    release_scheduled_ = false;
    in.expire();
  }

  /// Forwards all events to `to` from now on. Sends atom::hand_over when that
  /// has lasted for long enough.
  template <class Self>
  void hand_over(Self* self, const endpoint& to, std::uint32_t feeders) {
    in.hand_over(to, feeders);
    self->delayed_send(self, limits::hand_over, atom::hand_over_v);
  }

  /// The instance ends: no sender finds it or gets credit anymore.
  void close() {
    room_->close();
    registry_->remove(id_);
  }

  /// Counts events that were sent and never received, at the very end.
  void count_undelivered(drop_reason reason) {
    registry_->counts.count_dropped(reason, room_->events());
    out.release_routes();
  }
};

} // namespace edgeless
