// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"
#include "actors/node/node_self.hpp"
#include "actors/node/orchestrator_link.hpp"
#include "actors/node/snapshot_store.hpp"
#include "actors/node/state_store.hpp"

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

namespace edgeless {

/// An instance of a NODE, from the request to make it until its actor has
/// ended.
struct hosted_instance {
  /// In this order; `freezing` and `frozen` may go back to `running`, and every
  /// phase may lead to `ended`.
  enum class phase {
    prepared,   ///< the provider makes it, or has made it
    activating, ///< its init hook runs
    running,
    freezing,   ///< its handler has to return first
    frozen,     ///< it queues events
    forwarding, ///< it is a forwarding stub
    ended,      ///< it was asked to stop, or has failed
  };

  component_spec spec;
  provider_actor provider;
  instance_actor handle; ///< null while the provider makes it
  std::uint64_t outputs_revision = 0;
  phase now = phase::prepared;
  bool is_shutting_down = false; ///< the node is: its end is not reported
  bool is_state_paced = false;   ///< waits for the pause between two states
  bool is_state_refused = false; ///< the last state was not kept
  bool has_unsent_state = false; ///< a newer state is to be sent

  /// Whether it runs as far as others are concerned: it may be thawed.
  bool is_running() const {
    return now >= phase::running && now <= phase::frozen;
  }
  bool is_ended() const {
    return now == phase::ended || is_shutting_down;
  }
};

/// The instances of a NODE: their life cycle, migration and states. Executes
/// the requests of COMPONENTs, and reports ends and states to the orchestrator.
/// Used by the NODE only.
class hosted_instances {
public:
  /// What the instances need of their NODE.
  struct dependencies {
    node_self_actor::pointer self = nullptr;
    instance_registry_ptr registry;
    orchestrator_link* orchestrator = nullptr;
    /// The provider for a component; null: the node has none.
    std::function<provider_actor(const component_spec&)> provider_of;
  };

  void init(dependencies x) {
    node_ = std::move(x);
  }

  // -- life cycle -------------------------------------------------------------
  caf::result<atom::ok> start(const physical_id& id, const component_spec& spec,
                              const output_map& outputs,
                              const std::string& state);
  void patch(const physical_id& id, const output_map& outputs);
  void stop(const physical_id& id);
  /// Stops all instances. Nothing is made or reported from now on.
  void shut_down();
  /// Kills all instances, without a stop hook.
  void kill();
  /// The provider has made the instance; its init hook has not run yet.
  void on_made(const physical_id& id, const instance_actor& made);
  /// The instance ends by itself.
  void on_exited(const physical_id& id, const std::string& reason);
  /// The actor of an instance has ended: its id; nil: it was none of these.
  physical_id on_down(const caf::down_msg& x);
  void fence(const caf::message& fenced);

  // -- migration: on the target node ------------------------------------------
  caf::result<atom::ok> prepare(const physical_id& id,
                                const component_spec& spec);
  caf::result<atom::ok>
  activate(const physical_id& id, const output_map& outputs,
           const std::string& state, const instance_id& predecessor);
  /// A part of the state with which it will be activated.
  caf::result<atom::ok> add_state(const physical_id& id, const state_part& x);
  /// limits::prepared has passed.
  void stop_unless_activated(const physical_id& id) {
    if (auto* x = entry(id); x != nullptr && x->now == phase::prepared)
      stop(id);
  }

  // -- migration: on the source node ------------------------------------------
  caf::result<state_part> freeze(const physical_id& id);
  /// A part of the state of a frozen instance.
  caf::result<state_part> frozen_state(const physical_id& id,
                                       std::uint64_t offset) const {
    return snapshots_.read(id, offset);
  }
  void thaw(const physical_id& id);
  void hand_over(const physical_id& id, const endpoint& to,
                 std::uint32_t feeders);

  // -- state ------------------------------------------------------------------
  /// The instance has synced a state.
  void on_synced(const physical_id& id);
  /// The pause since the last state was sent is over.
  void on_sync_pause(const physical_id& id);
  caf::result<std::string> state(const physical_id& id) const {
    auto* x = find(id);
    if (x == nullptr || !x->is_running())
      return fail(ec::unknown_instance, "that instance does not run here");
    auto* state = states_.find(x->spec.id);
    return state == nullptr ? std::string{} : *state;
  }

  // -- observation ------------------------------------------------------------
  inventory running() const;
  /// The digest() of running().
  std::uint64_t digest() const {
    return digest_;
  }
  /// nullptr: the node does not host it.
  const hosted_instance* find(const physical_id& id) const {
    auto i = entries_.find(id);
    return i == entries_.end() ? nullptr : &i->second;
  }
  bool contains(const physical_id& id) const {
    return entries_.contains(id);
  }
  bool empty() const {
    return entries_.empty();
  }
  std::size_t size() const {
    return entries_.size();
  }
  auto begin() const {
    return entries_.begin();
  }
  auto end() const {
    return entries_.end();
  }
  /// Removes an instance without stopping or reporting it; for tests.
  void forget(const physical_id& id) {
    if (auto* x = entry(id)) {
      set_phase(id, *x, phase::ended);
      by_actor_.erase(x->handle.id());
      entries_.erase(id);
    }
  }

private:
  using phase = hosted_instance::phase;

  hosted_instance* entry(const physical_id& id) {
    return const_cast<hosted_instance*>(std::as_const(*this).find(id));
  }
  caf::error add(const physical_id& id, const component_spec& spec);
  void set_phase(const physical_id& id, hosted_instance& x, phase now);
  template <class Request>
  caf::result<atom::ok>
  answer_when_started(const physical_id& id, Request request);
  void on_started(const physical_id& id);
  void on_start_failed(const physical_id& id);
  caf::expected<state_part> on_frozen(const physical_id& id);
  bool keep_state(hosted_instance& x, const std::string& state);
  void send_state(const physical_id& id, hosted_instance& x,
                  const std::string& state);

  dependencies node_;
  std::map<physical_id, hosted_instance> entries_;
  std::unordered_map<caf::actor_id, physical_id> by_actor_;
  std::uint64_t digest_ = 0;
  state_store states_;
  snapshot_store snapshots_;
  bool is_shutting_down_ = false;
};

} // namespace edgeless
