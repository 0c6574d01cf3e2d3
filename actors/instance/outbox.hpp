// SPDX-License-Identifier: MIT
#pragma once

#include "actors/instance/inbox.hpp"
#include "actors/instance/reliable_channels.hpp"

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace edgeless {

/// The output channels of one instance: the route of each, and the events that
/// are held while it has none. Markers keep the order of events when a route
/// changes in a migration. A plain object of its instance's thread.
class outbox {
public:
  using time_point = caf::actor_clock::time_point;

  /// `policies` and `seed`: see reliable_channels. `hold_timeout`: how long
  /// events are held for a channel without route.
  outbox(instance_registry_ptr registry, egress_actor egress, instance_id self,
         logical_id component, caf::actor_clock& clock,
         channel_policies policies = {}, std::uint64_t seed = 0,
         caf::timespan hold_timeout = std::chrono::seconds{4});

  event_sender& sender() {
    return sender_;
  }
  reliable_channels& reliable() {
    return reliable_;
  }

  enum class channel_state { routed, unrouted, unmapped };
  channel_state state_of(std::string_view channel) const;

  /// The node of a channel's target; nil: it has none.
  node_id target_node(std::string_view channel) const;

  /// Replaces the output map, unless its revision is below the last one, and
  /// sends held events on their new route. Two markers accompany a switch to
  /// the successor of a target: they end the former route and open the next.
  void patch(output_map map);
  std::uint64_t revision() const {
    return revision_;
  }

  /// This instance takes over from `predecessor`, whose routes end with a
  /// marker: the first route of each channel is opened accordingly.
  void succeed(const instance_id& predecessor);

  /// `successor` takes over: ends all routes, and exports the reliable
  /// channels. Held events are still sent when a patch brings a route; nothing
  /// else is sent anymore.
  void end(const endpoint& successor);
  bool ended() const {
    return ended_;
  }

  /// Sends an event on a channel, or holds it while that has no route. False:
  /// it was dropped.
  bool send(std::string_view channel, event x);

  /// Casts an event on a channel, according to its policy. False: it is
  /// refused, and nothing has happened.
  bool offer(std::string_view channel, std::string_view payload, blocking mode);

  /// Events of a channel that were offered and not acknowledged; nullopt: its
  /// policy needs no acknowledgements.
  std::optional<std::size_t> unacknowledged(std::string_view channel) const;

  /// Sends all events for which there is credit.
  void flush();

  bool is_holding() const;
  /// When retry() has something to do; nullopt: never.
  std::optional<time_point> due() const;
  /// Retries reliable channels, and drops events that were held for too long.
  void retry();

  /// Drops all events that were not sent.
  void clear(drop_reason reason);

  /// Drops all routes, at the very end: instances that feed each other would
  /// keep each other alive.
  void release_routes();

private:
  struct channel {
    route* via = nullptr; ///< nullptr: no target for now
    bool fresh = true;    ///< it has had no route yet
    std::deque<std::pair<time_point, event>> held{};
    std::size_t held_bytes = 0;
    reliable_channels::channel* reliable = nullptr; ///< if it has a policy
  };

  void activate_route(channel& from, route* former);
  void open(route& via, std::uint64_t after);
  event make_marker(std::uint64_t switch_id) const;
  bool hold(channel& from, event x);
  void drop_held(channel& from, drop_reason reason);

  event_sender sender_;
  reliable_channels reliable_;
  caf::actor_clock& clock_;
  caf::timespan hold_timeout_;
  std::uint64_t revision_ = 0; ///< never decreases
  std::map<std::string, channel, std::less<>> channels_;
  /// The switch that ends the predecessor's routes; zero: no predecessor.
  std::uint64_t opening_switch_ = 0;
  time_point opening_deadline_;
  bool ended_ = false;
};

} // namespace edgeless
