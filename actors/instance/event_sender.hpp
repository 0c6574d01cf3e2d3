// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"

#include <map>
#include <optional>
#include <string_view>

namespace edgeless {

/// The route to one instance. All channels with that target share it, so that
/// the order between two instances does not depend on the channel.
struct route {
  endpoint to;
  std::optional<local_instance> local; ///< set if the target is on this node
  credit_ptr egress;                   ///< set if it is on another node
  bool pinned = false;                 ///< a channel refers to the route
  bool opened = false;                 ///< with a marker
  events batch;
  std::size_t batch_bytes = 0;
  std::size_t usual_size = 0; ///< of the last batch
};

/// Sends the events of one instance: makes them, takes credit at their target
/// and collects them per route until flush(), so that one message carries many.
/// A plain object of its instance's thread.
class event_sender {
public:
  event_sender(instance_registry_ptr registry, egress_actor egress,
               instance_id self, logical_id component);

  const instance_id& self() const {
    return self_;
  }
  instance_registry& registry() const {
    return *registry_;
  }

  /// An event with this instance as its source.
  event make(event_kind kind, std::string_view payload = {}) const;

  /// Stays valid until reset_routes(), or until flush() unless it is pinned.
  route& find_route(const endpoint& to);

  /// Starts with an empty set of routes; returns the former ones.
  std::map<instance_id, route> reset_routes();

  /// Collects an event for any instance. False: it was dropped.
  bool send(const instance_id& target, event x);
  /// Collects an event for the target of a route. False: there is no credit,
  /// and it was dropped.
  bool send(route& via, event x);
  /// Collects an event that another instance has sent, for the successor.
  void forward(const endpoint& to, event x);

  /// Takes credit for an event at the target, or says why there is none.
  std::optional<drop_reason> take_credit(route& via, const event& x);
  /// Collects an event for which credit was taken.
  void append(route& via, event x);

  /// Sends what was collected for one route, or for all.
  void flush(route& via);
  void flush();

  /// Counts a drop. A call that was forwarded is answered with an error; the
  /// caller of another one is this instance.
  void drop(const event& x, drop_reason reason);
  /// Counts events that are dropped without having been sent.
  void drop_unsent(std::uint64_t events, drop_reason reason);

private:
  instance_registry_ptr registry_;
  egress_actor egress_;
  instance_id self_;
  logical_id component_;
  std::map<instance_id, route> routes_;
  std::size_t prune_at_ = 0; ///< so many routes
};

} // namespace edgeless
