// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/function_meters.hpp"
#include "runtime/ledger.hpp"
#include "runtime/node_counts.hpp"
#include "runtime/quota.hpp"

#include "messages/interfaces.hpp"
#include "messages/limits.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

namespace edgeless {

using quota_ptr = std::shared_ptr<quota>;

/// An instance of this node, as those who send to it see it.
struct resident {
  sink_actor sink;
  quota_ptr room;
  logical_id component;
  /// Where its predecessor passes on what others have sent; nil: nowhere.
  node_id predecessor{};
};

/// What the instances of one node share: who lives here, how much room the
/// links have, and the node's ledger. Plain data, safe from any thread; asked
/// when an output map changes, not for every event.
class neighbourhood {
public:
  explicit neighbourhood(node_id self)
    : self{self}, log_room{std::make_shared<quota>(limits::log_lines,
                                                   limits::inbox_bytes)},
      sample_room{std::make_shared<quota>(limits::sample_messages,
                                          limits::sample_bytes)} {
    // nop
  }

  std::optional<resident> find(const physical_id& instance) const;
  void add(const physical_id& instance, resident who);
  void remove(const physical_id& instance);
  /// That node may pass on to the instance what others have sent; nil: none.
  void admit(const physical_id& instance, const node_id& predecessor);
  std::size_t size() const;

  /// The room of the link to that node: the same for all, for as long as
  /// anybody holds it or has taken room there.
  quota_ptr link_room(const node_id& peer);

  /// What waits in the inboxes of the instances, and for other nodes.
  struct backlog {
    std::uint64_t inbox_events = 0;
    std::uint64_t inbox_bytes = 0;
    std::uint64_t link_events = 0;
    std::uint64_t link_bytes = 0;
  };
  backlog waiting() const;

  /// Nothing is sent to other nodes anymore. Returns how many events had taken
  /// room for that and are not accounted for.
  std::uint64_t close_links();

  const node_id self;
  const quota_ptr log_room;
  /// Of samples on their way to TELEMETRY.
  const quota_ptr sample_room;
  ledger counts;
  node_counts tally;
  function_meters meters;
  /// What somebody wants to know of each event; set before anybody lives here.
  bool samples_wanted = false;
  bool meters_wanted = false;

private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<physical_id, resident> residents_;
  std::unordered_map<node_id, quota_ptr> link_rooms_;
  std::size_t sweep_at_ = 64; ///< so many rooms
  bool closed_ = false;       ///< the links
};

using neighbourhood_ptr = std::shared_ptr<neighbourhood>;

/// Hands events of one source to an instance of this node as far as it has
/// room; the rest is counted, and its calls are answered with an error through
/// `refuse`.
void deliver(neighbourhood& hood, const resident& target, events batch,
             const std::function<void(const event&)>& refuse);

/// The answer to `call` that says it failed.
event failed_call(const event& call, const instance_id& by);

/// Tells whoever made `call` that it has failed, wherever that is.
void answer_failed(neighbourhood& hood, const links_actor& links,
                   const event& call, const instance_id& by);

/// Whether an event takes room: answers do not, since at most one is awaited,
/// nor do barriers, which may not be lost.
inline bool takes_room(const event& x) {
  return x.kind == event_kind::cast || x.kind == event_kind::call;
}

} // namespace edgeless
