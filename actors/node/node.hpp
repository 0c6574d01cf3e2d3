// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/instance_registry.hpp"
#include "actors/threads.hpp"

#include "runtime/base/log_filter.hpp"
#include "runtime/net/transport.hpp"
#include "runtime/redis/client.hpp"
#include "runtime/wasm/guest.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace edgeless {

/// What a node is born with: what it is, and its doors to the world.
struct node_options {
  node_description description;
  std::string orchestrator_url;
  /// The level of what instances do; nothing: not logged.
  std::optional<log_level> telemetry_level = log_level::info;
  threads where = threads::own;
  std::shared_ptr<transport> net;
  /// Where the ingress listens; nothing: nobody sends to this node.
  std::optional<url> gate_at;
  std::shared_ptr<guest_engine> engine; ///< nullptr: no functions here
  /// What its instances share; made by the node if nobody else needs it.
  instance_registry_ptr registry;
  /// Where a metrics-collector writes to; empty: none can be made.
  redis_opener metrics;
  /// Where the resource `redis` finds what its configuration names; empty: none
  /// can be made.
  redis_connector redis_at;
  std::function<node_health()> health;
  random_source random;
};

/// A NODE, and what it says to itself.
using node_self_actor = node_actor::extend<
  // The pause before the orchestrator is looked for again is over.
  caf::reacts_to<atom::proceed>,
  // Stopping has taken long enough.
  caf::reacts_to<atom::expire>,
  // So has waiting for the activation of what was prepared.
  caf::reacts_to<atom::expire, physical_id>,
  // Its predecessor has had its time to pass on what it had.
  caf::reacts_to<atom::drop, physical_id>,
  // Its newest state may go.
  caf::reacts_to<atom::synced, physical_id>>;

/// The NODE: a set of providers that lives and dies as one. Spawned by the
/// program; spawns EGRESS, INGRESS, TELEMETRY and the PROVIDERs. Looks for its
/// orchestrator for ever; without one, its instances run on.
struct node_state {
  using pointer = node_self_actor::stateful_pointer<node_state>;
  static inline constexpr const char* name = "node";

  explicit node_state(pointer self);
  /// Whoever lives here ends with it.
  ~node_state();

  struct instance_entry {
    component_spec spec;
    provider_actor provider;
    instance_actor handle; ///< nobody yet while it is made
    std::uint64_t revision = 0;
    bool activating = false;
    bool running = false;  ///< frozen or not
    bool freezing = false; ///< frozen when its handler has returned
    bool frozen = false;
    bool handed_over = false; ///< it only passes on what still comes
    bool stopping = false;
    bool pacing = false; ///< a state has left just now
    bool unsent = false; ///< a newer one is to follow
  };

  void init(node_options options);
  void spawn_providers();
  void listen();

  // -- membership: node.cpp ---------------------------------------------------
  void look_for_orchestrator();
  void dialled(const caf::strong_actor_ptr& whom, const std::string& reason);
  void join();
  void settle(const welcome& x);
  void tell_egress();
  void tell_ended(const inventory& brought);
  void lose_orchestrator(const std::string& reason);
  node_report report(std::uint64_t taken);
  void fetch_samples();
  void watch_orchestrator();

  // -- instances: node_instances.cpp ------------------------------------------
  void set_running(const physical_id& id, instance_entry& x, bool now);
  caf::result<atom::ok> start(const physical_id& id, const component_spec& spec,
                              const output_map& outputs,
                              const std::string& state);
  caf::error take_in(const physical_id& id, const component_spec& spec);
  void meet(const physical_id& id, const instance_actor& made);
  void begin(const physical_id& id);
  void give_up(const physical_id& id);
  void patch(const physical_id& id, const output_map& outputs);
  void stop(const physical_id& id);
  void exited(const physical_id& id, const std::string& reason);
  void on_down(const caf::down_msg& x);
  void fence(const fenced_sessions& dead);
  inventory running() const;
  provider_actor provider_of(const component_spec& spec) const;

  // -- moves and states: node_moves.cpp ---------------------------------------
  caf::result<atom::ok> prepare(const physical_id& id,
                                const component_spec& spec);
  caf::result<atom::ok>
  activate(const physical_id& id, const output_map& outputs,
           const std::string& state, const instance_id& predecessor);
  caf::result<std::string> freeze(const physical_id& id);
  void thaw(const physical_id& id);
  void hand_over(const physical_id& id, const endpoint& to,
                 std::uint32_t feeders);
  void drop_unless_activated(const physical_id& id);
  void synced(const physical_id& id, const std::string& state);
  caf::result<std::string> state(const physical_id& id) const;
  std::uint64_t fingerprint_of(const instance_entry& x) const;
  void send_state(const physical_id& id);
  void keep_state(const component_spec& spec, const std::string& state);
  void forget_state_without_room(const component_spec& spec);
  void forget_state(const component_spec& spec);
  std::string state_for(const component_spec& spec,
                        const std::string& given) const;

  // -- modules ----------------------------------------------------------------
  caf::result<std::string> fetch(const code_id& code);
  void fetch_part(const code_id& code, std::string so_far,
                  caf::typed_response_promise<std::string> promise);

  void tick();
  void tell_drops();
  void stop_all();
  void leave();

  pointer self;
  node_options options;
  boot_id boot;
  instance_registry_ptr registry;
  egress_actor links;
  ingress_actor gate;
  telemetry_actor telemetry;
  provider_actor functions;
  /// By resource class.
  std::map<std::string, provider_actor> resources;
  std::unique_ptr<listener> acceptor;

  orchestrator_actor orchestrator;
  session_id session;
  bool looking = false;
  std::uint32_t attempts = 0;
  caf::timespan keep_alive_interval{0};
  caf::actor_clock::time_point last_heard;
  caf::actor_clock::time_point next_tick; ///< when it is due
  /// The samples of the last report, until it is acknowledged, and the next.
  performance_samples sent;
  performance_samples ready;
  bool fetching = false;

  std::map<physical_id, instance_entry> instances;
  /// What others have taken over, until it is gone.
  std::set<physical_id> unwanted;
  std::unordered_map<caf::actor_id, physical_id> instances_by_actor;
  /// Of running(), kept up to date.
  std::uint64_t running_digest = 0;
  /// The last sync per component, for a successor on this node.
  std::map<logical_id, std::string> states;
  std::size_t states_bytes = 0;
  std::array<std::uint64_t, drop_reasons> told_drops{};
  bool stopping = false;
};

node_self_actor::behavior_type node(node_state::pointer self,
                                    node_options options);

} // namespace edgeless
