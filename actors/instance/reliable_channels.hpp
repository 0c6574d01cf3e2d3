// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/event_sender.hpp"

#include "runtime/delivery/channel_policy.hpp"
#include "runtime/delivery/earlier.hpp"
#include "runtime/delivery/retransmit_buffer.hpp"

#include <caf/actor_clock.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace edgeless {

/// Whether a cast may suspend its function when a buffer is full.
enum class blocking {
  forbidden, ///< the event is dropped
  allowed,   ///< the event is refused, if its channel's policy says so
  timed_out, ///< the event was refused for too long, and is dropped
};

/// The output channels of one instance with a policy other than drop-newest, at
/// most once: events wait in a retransmit buffer for credit, and are kept there
/// until their target acknowledges them. A silent target is probed with the
/// first unacknowledged event; its acknowledgement tells which others were
/// lost. In a migration, the successor imports the buffers. A plain object of
/// its instance's thread.
class reliable_channels {
public:
  using time_point = caf::actor_clock::time_point;

  struct channel {
    channel_policy policy;
    retransmit_buffer buffer;
    route* via = nullptr; ///< nullptr: no target for now
    /// The instances that may acknowledge: the target and the one before it.
    instance_id target{}, former_target{};
    /// From an instance that is not the target yet, but may become it.
    std::optional<event> early_ack{};
    /// When the target was probed the last time, or has acknowledged.
    time_point progress{};
    std::uint64_t probe = 0; ///< the number of the unanswered probe, or zero
    caf::timespan back_off = limits::retransmit_pause_min;
    /// The predecessor had sent all numbers up to this one...
    std::uint64_t sent_before = 0;
    /// ...to another target, so that the present one may not know of them.
    bool in_doubt = false;
  };

  /// `seed`: a random number that other instances cannot guess.
  reliable_channels(event_sender& sender, caf::actor_clock& clock,
                    channel_policies policies, std::uint64_t seed);
  reliable_channels(const reliable_channels&) = delete;
  reliable_channels& operator=(const reliable_channels&) = delete;

  /// Adds a channel. nullptr: it has no policy, and is not reliable.
  channel* add(const std::string& name);
  /// Drops the events of a channel that were never sent, and removes it.
  void remove(const std::string& name, drop_reason reason);
  /// The same for all channels.
  void clear(drop_reason reason);

  /// The channel has another route, or none.
  void set_target(channel& to, route* via);

  /// Casts an event. False: it is refused, and nothing has happened.
  bool offer(channel& to, std::string_view payload, blocking mode);

  /// Sends waiting events as far as there is credit and window.
  void pump(channel& to);
  void pump();

  /// An acknowledgement, or a trap, that a target has reported.
  void on_ack(const event& x);

  /// When retry() is due; nullopt: never.
  std::optional<time_point> due() const;
  /// Pumps, and probes the targets that have not acknowledged for too long.
  void retry();

  // -- migration --------------------------------------------------------------
  /// This instance takes over from `predecessor`. No channel sends anything
  /// until that one's buffers have been imported, or until a timeout...
  void succeed(const instance_id& predecessor);
  /// ...which is limits::marker from now on: the predecessor is about to send.
  void await_import();
  /// A part of a predecessor's buffers.
  void import_event(event x);
  /// Sends all buffers to the successor; there are no channels afterwards.
  void export_to(const endpoint& successor);

private:
  void acknowledge(channel& to, const event& x);
  void begin_import(channel& to, const event& header);
  void import_into(channel& to, event x);
  void finish_import();
  bool is_loop(const channel& to) const;
  void restart_back_off(channel& to);

  event_sender& sender_;
  caf::actor_clock& clock_;
  channel_policies policies_;
  std::uint64_t seed_;
  std::map<std::string, channel, std::less<>> channels_;
  instance_id predecessor_;
  bool importing_ = false;
  time_point import_deadline_;
  std::string import_channel_; ///< the one that the next events belong to
};

} // namespace edgeless
