// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/outbox.hpp"

namespace edgeless {

/// The inbox and the outbox of one instance, of a function or of a resource,
/// and the timer of that instance. A plain object of its thread.
struct instance_queues {
  using time_point = caf::actor_clock::time_point;

  instance_queues(instance_registry_ptr registry, egress_actor egress,
                  physical_id id, logical_id component, credit_ptr room,
                  caf::actor_clock& clock, channel_policies policies = {},
                  std::uint64_t stream_seed = 0,
                  caf::timespan hold_timeout = std::chrono::seconds{4});

  event_sender& sender() {
    return out.sender();
  }

  /// Adds a received event that is no answer. An acknowledgement, or a stream
  /// of the predecessor, belongs to the outbox, unless the instance has ended
  /// or the streams are the successor's already. True: the outbox has taken it.
  bool add(event x, bool has_ended);

  /// Removes the next event from the inbox, and returns its credit.
  event take();

  /// Adds a cast of the instance to itself. False: the inbox is full.
  bool push(std::string_view payload);

  /// Sends what was collected, with acknowledgements.
  void flush();

  /// Sends atom::tick to the instance when on_tick() is due, or `also` earlier.
  template <class Self>
  void schedule(Self* self, const std::optional<time_point>& also = {}) {
    auto due = earlier(earlier(in.due(), out.due()), also);
    if (!due || (tick_ && *tick_ <= *due))
      return;
    tick_ = due;
    self->delayed_send(self, *due - clock.now(), atom::tick_v);
  }

  /// Releases, drops and sends again what is due.
  void on_tick();

  /// The instance ends: no sender finds it or gets credit anymore.
  void close();

  /// Counts events that were sent and never received, at the very end.
  void count_undelivered(drop_reason reason);

  instance_registry_ptr registry;
  credit_ptr room;
  caf::actor_clock& clock;
  outbox out;
  inbox in;
  std::optional<time_point> tick_; ///< the next atom::tick
};

} // namespace edgeless
