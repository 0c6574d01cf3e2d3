// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"

#include "runtime/delivery/channel_policy.hpp"
#include "runtime/delivery/retransmit_buffer.hpp"

#include <caf/actor_clock.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless {

/// What the markers are called with which `from` goes over to `to`: a feeder
/// to the successor of its target, or an instance to its own successor.
inline std::uint64_t switch_id_of(const physical_id& from,
                                  const physical_id& to) {
  return (from.low * 0x9E3779B97F4A7C15ULL ^ to.low) | 1;
}

/// The outputs of one instance: where each channel leads, and what is on its
/// way out. A plain object of its instance. Events are collected per target
/// and leave with flush(), so that one message carries many.
class outbox {
public:
  using time_point = caf::actor_clock::time_point;

  /// `promises`: what its channels promise; `stream`: a random number that
  /// others cannot guess, if there are any.
  outbox(instance_registry_ptr registry, egress_actor egress, instance_id self,
         logical_id component, caf::actor_clock& clock,
         channel_policies promises = {}, std::uint64_t stream = 0);

  /// What may be said of a channel.
  enum class leads { elsewhere, nowhere, unmapped };
  leads find(std::string_view channel) const;

  /// Replaces the output map, unless it is older than the last one; what was
  /// held for a channel leaves on its new way. To the successor of a target
  /// the way is opened with a marker, and another one ends the old way.
  void patch(output_map map);

  /// This instance takes over from that one, whose ways end with a marker: the
  /// first way of each channel is opened accordingly.
  void succeed(const instance_id& predecessor);

  /// That one takes over: ends all ways, and gives it what is not confirmed.
  /// What is held still leaves on a way that a patch brings; nothing else is
  /// sent anymore.
  void end(const endpoint& successor);
  bool ended() const {
    return ended_;
  }

  /// Sends an event out of a channel; while that leads nowhere it is held.
  void send(std::string_view channel, event x);

  /// What may happen to a cast for which there is no room.
  enum class timeout {
    none,  ///< nobody may wait here: dropped
    some,  ///< refused, if its channel says so
    ended, ///< it was refused for as long as may be: dropped
  };
  /// Sends a cast out of a channel, as that promises. False: it is refused, and
  /// nothing has happened.
  bool offer(std::string_view channel, std::string_view payload,
             timeout waiting);

  /// Sends an event to any instance.
  void send(const instance_id& target, event x);

  /// Sends on what somebody else has sent to this instance.
  void pass_on(const endpoint& to, event x);

  /// Sends all that was collected.
  void flush();

  // -- what channels promise: outbox_promises.cpp -----------------------------
  /// What a target says of events that it has handled.
  void confirm(const event& x);
  /// What the predecessor gives of its own. Until that is here, nothing leaves
  /// on channels that promise something...
  void import_streams(event x);
  /// ...for limits::marker from now on: it is told to.
  void await_import();
  /// When retry() has something to do; nothing: never.
  std::optional<time_point> due() const;
  /// Sends what waited for room as far as there is any, and asks whoever has
  /// not confirmed anything for too long.
  void retry();

  /// Drops what has been held since before `limit`. False: nothing is held.
  bool expire(time_point limit);
  bool holding() const;

  /// Drops what is held.
  void clear(drop_reason reason);

  /// Forgets where all channels lead, at the very end: instances that feed each
  /// other would keep each other in memory.
  void forget();

  /// The node that an event out of this channel goes to.
  node_id target_node(std::string_view channel) const;

  /// The numbers of the own calls that could not be sent.
  std::vector<std::uint64_t> take_refused();

  /// An event with this instance as its source.
  event make(event_kind kind, std::string_view payload) const;

  std::uint64_t revision() const {
    return revision_;
  }

private:
  /// The way to one instance, shared by all channels that lead there, so that
  /// the order between two instances holds whatever channel an event takes.
  struct way {
    endpoint to;
    /// Set if the endpoint is on this node.
    std::optional<local_instance> here;
    credit_ptr room; ///< of the link, if it is elsewhere
    events out;
    std::size_t out_bytes = 0;
    std::size_t usual = 0; ///< how many left together the last time
    bool opened = false;   ///< with a marker
  };

  struct channel {
    way* leads_to = nullptr; ///< nowhere, for now
    bool fresh = true;       ///< it has led nowhere so far
    std::deque<std::pair<time_point, event>> held;
    std::size_t held_bytes = 0;
    /// Set if it promises something: what it has cast is here then, not held.
    std::unique_ptr<retransmit_buffer> kept;
    channel_policy policy;
    /// Who may confirm that: its target, the one before, and what was heard
    /// from somebody who may become it.
    instance_id target, former;
    std::optional<event> early;
    time_point asked;            ///< ...or something was confirmed
    std::uint64_t asked_for = 0; ///< the number that was sent again
    caf::timespan pause = limits::retransmit_pause_min;
    /// Up to this number, its predecessor had sent; in doubt: to somebody else,
    /// of whom the target may know nothing.
    std::uint64_t left_before = 0;
    bool in_doubt = false;
  };

  way& find_route(const endpoint& to);
  void lead(channel& from, way* former);
  void open(way& via, std::uint64_t after);
  event make_marker(std::uint64_t mark) const;
  std::optional<drop_reason> lacks_credit(way& via, const event& x);
  void collect(way& via, event x);
  void append(way& via, event x);
  void leave(way& via);
  void send_from(channel& from, event x);
  void hold(channel& from, event x);
  void promise(const std::string& name, channel& from) const;
  void turn_to(channel& from, const endpoint& to);
  bool keep(channel& from, std::string_view payload, timeout waiting);
  void make_way(channel& from, std::size_t bytes);
  void pump(channel& from);
  void pump_all();
  bool leads_to_self(const channel& from) const;
  void hear(channel& from, const event& x);
  void begin_inheritance(channel& from, const event& head);
  void take_over(channel& from, event x);
  void finish_import();
  void export_streams(const std::string& name, channel& from,
                      const endpoint& to);
  void discard_streams(channel& from, drop_reason reason);
  void give_up(std::uint64_t events, drop_reason reason);
  void drop(const event& x, drop_reason reason);
  void refuse(const event& call);

  instance_registry_ptr registry_;
  egress_actor egress_;
  instance_id self_;
  logical_id component_;
  caf::actor_clock& clock_;
  std::uint64_t revision_ = 0;
  std::map<std::string, channel, std::less<>> channels_;
  std::map<instance_id, way> ways_;
  std::vector<std::uint64_t> refused_;
  std::uint64_t opening_ = 0; ///< the mark that ends the predecessor's ways
  time_point opening_until_;
  bool ended_ = false;
  channel_policies policies_;
  std::uint64_t stream_;
  std::vector<channel*> promised_; ///< those that promise something
  instance_id predecessor_;
  std::string successor_;   ///< the channel whose events a predecessor gives
  bool inheriting_ = false; ///< until then, nothing that is kept leaves
  time_point importing_until_;
};

} // namespace edgeless
