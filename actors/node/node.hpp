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

/// The configuration and the dependencies of a node.
struct node_options {
  node_description description;
  std::string orchestrator_url;
  /// The level at which life-cycle events of instances are logged; nullopt:
  /// never.
  std::optional<log_level> telemetry_level = log_level::info;
  threads where = threads::own;
  std::shared_ptr<transport> net;
  /// Where the ingress listens; nullopt: no events from other nodes.
  std::optional<url> ingress_url;
  std::shared_ptr<guest_engine> engine; ///< nullptr: no functions on this node
  /// Made by the node if it is null.
  instance_registry_ptr registry;
  /// Where metrics collectors write to; empty: the node can make none.
  redis_opener metrics;
  /// How the resource `redis` connects to the URL of its configuration; empty:
  /// the node can make none.
  redis_finder redis_at;
  std::function<node_health()> health;
  random_source random;
};

/// A NODE, and its internal timer messages.
using node_self_actor = node_actor::extend<
  // The back-off is over: dials the orchestrator again.
  caf::reacts_to<atom::retry>,
  // Stopping has reached its deadline, limits::shutdown.
  caf::reacts_to<atom::expire>,
  // A prepared instance has reached its deadline, limits::prepared.
  caf::reacts_to<atom::expire, physical_id>,
  // The predecessor of this instance may no longer forward to it.
  caf::reacts_to<atom::drop, physical_id>,
  // The pause since the last state of this instance was sent is over.
  caf::reacts_to<atom::synced, physical_id>>;

/// The NODE: a set of providers that starts and fails as one. Spawned by the
/// program; spawns EGRESS, INGRESS, TELEMETRY and the PROVIDERs. Dials its
/// orchestrator for ever; while it has none, its instances continue to run.
struct node_state {
  using pointer = node_self_actor::stateful_pointer<node_state>;
  static inline constexpr const char* name = "node";

  explicit node_state(pointer self);
  /// Ends all actors of the node.
  ~node_state();

  struct instance_entry {
    component_spec spec;
    provider_actor provider;
    instance_actor handle; ///< null while the provider makes it
    std::uint64_t revision = 0;
    bool is_activating = false;
    bool running = false;  ///< frozen or not
    bool freezing = false; ///< waits for its handler to return
    bool frozen = false;
    bool handed_over = false; ///< it is a forwarding stub
    bool stopping = false;
    bool is_state_paced = false;   ///< waits for limits::sync_pause
    bool has_unsent_state = false; ///< a newer state is to be sent
  };

  void init(node_options options);
  void spawn_providers();
  void listen();

  // -- membership: node.cpp ---------------------------------------------------
  void dial_orchestrator();
  void dialled(const caf::strong_actor_ptr& peer, const std::string& reason);
  void join();
  void on_welcome(const welcome& x);
  void announce_session();
  void report_ended(const inventory& brought);
  void on_orchestrator_lost(const std::string& reason);
  node_report report(std::uint64_t taken);
  void fetch_samples();
  void watch_orchestrator();

  // -- instances: node_instances.cpp ------------------------------------------
  void set_running(const physical_id& id, instance_entry& x, bool now);
  caf::result<atom::ok> start(const physical_id& id, const component_spec& spec,
                              const output_map& outputs,
                              const std::string& state);
  caf::error add_entry(const physical_id& id, const component_spec& spec);
  void on_instance_made(const physical_id& id, const instance_actor& made);
  void on_started(const physical_id& id);
  void on_start_failed(const physical_id& id);
  void patch(const physical_id& id, const output_map& outputs);
  void stop(const physical_id& id);
  void exited(const physical_id& id, const std::string& reason);
  void on_down(const caf::down_msg& x);
  void fence(const fenced_sessions& ended);
  inventory running() const;
  provider_actor provider_of(const component_spec& spec) const;

  // -- migration and state: node_migration.cpp --------------------------------
  caf::result<atom::ok> prepare(const physical_id& id,
                                const component_spec& spec);
  caf::result<atom::ok>
  activate(const physical_id& id, const output_map& outputs,
           const std::string& state, const instance_id& predecessor);
  caf::result<std::string> freeze(const physical_id& id);
  void thaw(const physical_id& id);
  void hand_over(const physical_id& id, const endpoint& to,
                 std::uint32_t feeders);
  void stop_unless_activated(const physical_id& id);
  void on_synced(const physical_id& id, const std::string& state);
  caf::result<std::string> state(const physical_id& id) const;
  std::uint64_t fingerprint_of(const instance_entry& x) const;
  void send_state(const physical_id& id);
  void store_state(const component_spec& spec, const std::string& state);
  void drop_state_beyond_limit(const component_spec& spec);
  void drop_state(const component_spec& spec);
  std::string state_for(const component_spec& spec,
                        const std::string& given) const;

  // -- modules ----------------------------------------------------------------
  caf::result<std::string> fetch(const code_id& code);
  void fetch_part(const code_id& code, std::string so_far,
                  caf::typed_response_promise<std::string> promise);

  void tick();
  void log_drops();
  void stop_all();
  void quit();

  pointer self;
  node_options options;
  boot_id boot;
  instance_registry_ptr registry;
  egress_actor egress;
  ingress_actor ingress;
  telemetry_actor telemetry;
  provider_actor functions;
  /// By resource class.
  std::map<std::string, provider_actor> resources;
  std::unique_ptr<listener> acceptor;

  orchestrator_actor orchestrator;
  session_id session;
  bool is_dialling = false;
  std::uint32_t failed_attempts = 0;
  caf::timespan keep_alive_interval{0};
  caf::actor_clock::time_point last_heard;
  caf::actor_clock::time_point next_tick; ///< when the next tick is due
  /// The samples of the last report, until it is acknowledged, and the next.
  performance_samples sent;
  performance_samples ready;
  bool fetching = false;

  std::map<physical_id, instance_entry> instances;
  /// Instances that have been replaced elsewhere, until they have ended.
  std::set<physical_id> replaced;
  std::unordered_map<caf::actor_id, physical_id> instances_by_actor;
  /// The digest of running(), kept up to date.
  std::uint64_t running_digest = 0;
  /// The last synced state per component, for its next instance on this node.
  std::map<logical_id, std::string> states;
  std::size_t states_bytes = 0;
  std::array<std::uint64_t, drop_reasons> logged_drops{};
  bool stopping = false;
};

node_self_actor::behavior_type node(node_state::pointer self,
                                    node_options options);

} // namespace edgeless
