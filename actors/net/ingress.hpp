// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"

#include <deque>
#include <map>
#include <optional>
#include <unordered_set>

namespace edgeless {

/// The INGRESS of a node. Spawned by the NODE, listens at its invocation URL;
/// peers' EGRESS and edgeless_cli send here. Believes a peer only what it says
/// in its own name or passes on to the successor of an instance it had, and
/// nothing once its session is fenced.
struct ingress_state {
  using pointer = ingress_actor::stateful_pointer<ingress_state>;
  static inline constexpr const char* name = "gate";

  explicit ingress_state(pointer self);

  caf::result<std::uint64_t> greet(const greeting& x);
  caf::result<std::uint64_t> deliver(std::uint64_t link, batch& load);
  caf::result<atom::ok> invoke(const physical_id& target, event& x);
  void fence(const node_id& peer, const session_id& session);

  struct peer {
    node_id node;
    session_id session;
    std::uint64_t next = 0; ///< the fragment that is wanted; 0: any
    /// The event whose parts are arriving.
    std::optional<event> partial;
    /// Set within an event of which a part was refused: so is the rest.
    std::optional<drop_reason> skipping;
  };

  bool may_say(const peer& from, const fragment& x) const;
  void take(peer& from, fragment& x);
  void refuse(peer& from, const fragment& x, drop_reason reason);
  void hand_over(const physical_id& target, event x);
  void pass_on();
  void refuse(const event& call);

  pointer self;
  instance_registry_ptr registry;
  egress_actor egress;
  std::map<std::uint64_t, peer> peers;
  std::deque<session_id> fenced;       ///< the newest last
  std::unordered_set<session_id> dead; ///< the same, to look them up
  /// The events of the batch in hand that go to the same instance.
  physical_id current;
  events collected;
  std::size_t usual = 0; ///< how many went together the last time
};

ingress_actor::behavior_type ingress(ingress_state::pointer self,
                                  instance_registry_ptr registry,
                                  egress_actor egress);

} // namespace edgeless
