// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/delivery/credit.hpp"
#include "runtime/delivery/event_counters.hpp"
#include "runtime/metrics/function_histograms.hpp"
#include "runtime/metrics/node_counters.hpp"

#include "messages/interfaces.hpp"
#include "messages/limits.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

namespace edgeless {

using credit_ptr = std::shared_ptr<credit>;

/// An instance of this node, as those who send to it see it.
struct local_instance {
  sink_actor sink;
  credit_ptr room;
  logical_id component;
  /// Where its predecessor passes on what others have sent; nil: nowhere.
  node_id predecessor{};
};

/// What the instances of one node share: who lives here, how much room the
/// links have, and the node's ledger. Plain data, safe from any thread; asked
/// when an output map changes, not for every event.
class instance_registry {
public:
  explicit instance_registry(node_id self)
    : self{self}, log_credit{std::make_shared<credit>(limits::log_lines,
                                                      limits::inbox_bytes)},
      sample_credit{std::make_shared<credit>(limits::sample_messages,
                                             limits::sample_bytes)} {
    // nop
  }

  std::optional<local_instance> find(const physical_id& instance) const;
  void add(const physical_id& instance, local_instance who);
  void remove(const physical_id& instance);
  /// That node may pass on to the instance what others have sent; nil: none.
  void admit(const physical_id& instance, const node_id& predecessor);
  std::size_t size() const;

  /// The room of the link to that node: the same for all, for as long as
  /// anybody holds it or has taken room there.
  credit_ptr egress_credit(const node_id& peer);

  /// What waits in the inboxes of the instances, and for other nodes.
  struct backlog {
    std::uint64_t inbox_events = 0;
    std::uint64_t inbox_bytes = 0;
    std::uint64_t egress_events = 0;
    std::uint64_t egress_bytes = 0;
  };
  backlog waiting() const;

  /// Nothing is sent to other nodes anymore. Returns how many events had taken
  /// room for that and are not accounted for.
  std::uint64_t close_egress();

  const node_id self;
  const credit_ptr log_credit;
  /// Of samples on their way to TELEMETRY.
  const credit_ptr sample_credit;
  event_counters counts;
  node_counters counters;
  function_histograms histograms;
  /// What somebody wants to know of each event; set before anybody lives here.
  bool samples_wanted = false;
  bool histograms_wanted = false;

private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<physical_id, local_instance> local_instances_;
  std::unordered_map<node_id, credit_ptr> egress_credits_;
  std::size_t sweep_at_ = 64; ///< so many rooms
  bool closed_ = false;       ///< the links
};

using instance_registry_ptr = std::shared_ptr<instance_registry>;

/// Hands events of one source to an instance of this node as far as it has
/// room; the rest is counted, and its calls are answered with an error through
/// `refuse`.
void deliver(instance_registry& registry, const local_instance& target,
             events batch, const std::function<void(const event&)>& refuse);

/// The answer to `call` that says it failed.
event make_error_reply(const event& call, const instance_id& by);

/// Tells whoever made `call` that it has failed, wherever that is.
void send_error_reply(instance_registry& registry, const egress_actor& egress,
                   const event& call, const instance_id& by);

/// Whether an event takes room: answers do not, since at most one is awaited,
/// nor do markers, which may not be lost.
inline bool takes_credit(const event& x) {
  return x.kind == event_kind::cast || x.kind == event_kind::call;
}

} // namespace edgeless
