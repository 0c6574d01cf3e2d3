// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"

#include "runtime/base/log_throttle.hpp"

#include <deque>
#include <map>
#include <optional>
#include <unordered_set>

namespace edgeless {

/// The INGRESS of a node. Spawned by the NODE, listens at its invocation URL;
/// the EGRESS of peers and edgeless_cli send here. From a peer it accepts
/// events of the peer's own instances and events that a forwarding stub there
/// sends to its successor here; once the session of the peer is fenced, it
/// accepts nothing.
struct ingress_state {
  using pointer = ingress_actor::stateful_pointer<ingress_state>;
  static inline constexpr const char* name = "ingress";

  explicit ingress_state(pointer self);

  caf::result<std::uint64_t> greet(const greeting& x);
  caf::result<std::uint64_t> deliver(std::uint64_t link, batch& load);
  caf::result<atom::ok> invoke(const physical_id& target, event& x);
  void fence(const node_id& peer, const session_id& session);

  struct peer {
    node_id node;
    session_id session;
    std::uint64_t next = 0; ///< the next fragment expected; 0: any
    /// The event whose parts are arriving.
    std::optional<event> partial;
    /// Set while the rest of an event is refused, because a part of it was.
    std::optional<drop_reason> skipping;
  };

  bool is_allowed(const peer& from, const fragment& x) const;
  void accept(peer& from, fragment& x);
  void refuse(peer& from, const fragment& x, drop_reason reason);
  void collect(const physical_id& target, event x);
  void flush();
  void refuse(const event& call);

  pointer self;
  instance_registry_ptr registry;
  egress_actor egress;
  std::map<std::uint64_t, peer> peers; ///< by id of the peer connection
  log_throttle throttle;
  std::deque<session_id> fenced;       ///< in order of time, for eviction
  std::unordered_set<session_id> dead; ///< the same sessions, for look-up
  /// Consecutive events of one batch for the same instance.
  physical_id batch_target;
  events collected;
  std::size_t last_batch_size = 0; ///< the likely size of the next one
};

ingress_actor::behavior_type ingress(ingress_state::pointer self,
                                     instance_registry_ptr registry,
                                     egress_actor egress);

} // namespace edgeless
