// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/newest_states.hpp"

#include "runtime/delivery/credit.hpp"
#include "runtime/delivery/event_counters.hpp"
#include "runtime/metrics/function_histograms.hpp"
#include "runtime/metrics/node_counters.hpp"

#include "messages/interfaces.hpp"
#include "messages/limits.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

namespace edgeless {

using credit_ptr = std::shared_ptr<credit>;

/// An instance of this node, as its senders see it.
struct local_instance {
  sink_actor sink;
  credit_ptr room;
  logical_id component;
  /// The node whose forwarding stub may send it events of other nodes; nil:
  /// none.
  node_id predecessor{};
};

/// What each function may log per second.
struct log_rate {
  std::uint64_t lines = limits::log_lines_per_second;
  std::uint64_t bytes = limits::log_bytes_per_second;
};

/// What the actors of one node share: the running instances, the credit of each
/// peer, and the counters. Member functions may be called by any thread.
/// Senders look instances up when an output map changes, not for every event.
class instance_registry {
public:
  explicit instance_registry(node_id self)
    : self{self}, log_credit{std::make_shared<credit>(limits::log_lines,
                                                      limits::inbox_bytes)},
      sample_credit{std::make_shared<credit>(limits::sample_messages,
                                             limits::sample_bytes)},
      unrouted_credit{std::make_shared<credit>(limits::unrouted_events,
                                               limits::unrouted_bytes)} {
    // nop
  }

  std::optional<local_instance> find(const physical_id& instance) const;
  void add(const physical_id& instance, local_instance x);
  void remove(const physical_id& instance);
  /// Lets the node `predecessor` forward events of other nodes to the instance;
  /// nil: ends that.
  void allow_forwarding(const physical_id& instance,
                        const node_id& predecessor);
  /// The instances of components: those of relays have none.
  std::size_t size() const;

  /// Whether that node is lost with one of these sessions. A former session of
  /// this node does not concern its present instances.
  bool is_lost(const node_id& peer, const fenced_sessions& dead) const;

  /// The credit for events to that node: the same object for all senders, while
  /// one of them holds it or events are in the queue.
  credit_ptr egress_credit(const node_id& peer);

  /// Events that wait in inboxes, and in egress queues.
  struct backlog {
    std::uint64_t inbox_events = 0;
    std::uint64_t inbox_bytes = 0;
    std::uint64_t egress_events = 0;
    std::uint64_t egress_bytes = 0;
  };
  backlog waiting() const;

  /// Closes the credit of all peers: nothing is sent to other nodes anymore.
  /// Returns the number of events that hold credit and were not counted yet.
  std::uint64_t close_egress();

  const node_id self;
  const credit_ptr log_credit;
  /// For samples between instances and TELEMETRY.
  const credit_ptr sample_credit;
  /// For events by instance id until EGRESS has looked up the node: one for all
  /// nodes, since a guest may name any number of them.
  const credit_ptr unrouted_credit;
  event_counters counts;
  node_counters counters;
  function_histograms histograms;
  newest_states states;
  /// The snapshots of frozen instances that their NODE has not taken yet.
  newest_states snapshots;
  /// Set before the first instance is added.
  log_rate logging;
  /// When functions without an event are hibernated; zero: never. Set before
  /// the first instance is added.
  std::chrono::milliseconds hibernate_after{limits::hibernate_after};
  /// Whether execution times are measured, and exported as histograms. Set
  /// before the first instance is added.
  bool samples_wanted = false;
  bool histograms_wanted = false;

private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<physical_id, local_instance> local_instances_;
  std::unordered_map<node_id, credit_ptr> egress_credits_;
  /// The number of egress credits at which unused ones are erased.
  std::size_t sweep_at_ = 64;
  bool closed_ = false; ///< the egress
};

using instance_registry_ptr = std::shared_ptr<instance_registry>;

/// Sends events of one source to an instance of this node, as far as its inbox
/// has credit. The others are counted as dropped, and `refuse` is called for
/// the calls among them.
void deliver(instance_registry& registry, const local_instance& target,
             events batch, const std::function<void(const event&)>& refuse);

/// Whether an instance may have begun to handle a call that has failed.
enum class call_progress : std::uint8_t { none, unknown };

/// Makes the error reply of the instance `by` to `call`.
event make_error_reply(const event& call, const instance_id& by,
                       call_progress progress);

/// Sends an error reply to the source of `call`, on this or another node.
void send_error_reply(instance_registry& registry, const egress_actor& egress,
                      const event& call, const instance_id& by,
                      call_progress progress);

/// Whether an event takes credit: answers do not, since an instance awaits at
/// most one, nor do control events, which must not be dropped.
inline bool takes_credit(const event& x) {
  return x.kind == event_kind::cast || x.kind == event_kind::call;
}

} // namespace edgeless
