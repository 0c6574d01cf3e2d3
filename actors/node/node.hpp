// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/hosted_instances.hpp"
#include "actors/node/relays.hpp"
#include "actors/threads.hpp"

#include "runtime/base/confined_folder.hpp"
#include "runtime/base/log_filter.hpp"
#include "runtime/net/transport.hpp"
#include "runtime/redis/client.hpp"
#include "runtime/wasm/guest.hpp"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace edgeless {

struct resource_class;

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
  redis_connector redis_at;
  /// Where file-log may write; null: the node can make none.
  confined_folder_ptr file_log_folder;
  /// Further classes of resources, by class type; those that the description
  /// provides are made.
  std::map<std::string, std::shared_ptr<const resource_class>> classes{};
  std::function<node_health()> health;
  random_source random;
};

/// The NODE: a set of providers that starts and fails as one. Spawned by the
/// program; spawns EGRESS, INGRESS, TELEMETRY and the PROVIDERs. Dials its
/// orchestrator for ever; while it has none, its instances continue to run.
struct node_state {
  using pointer = node_self_actor::stateful_pointer<node_state>;
  static inline constexpr const char* name = "node";

  explicit node_state(pointer self);
  /// Ends all actors of the node.
  ~node_state();

  void init(node_options options);
  void spawn_providers();
  void listen();
  provider_actor provider_of(const component_spec& spec) const;

  void on_joined(const welcome& x, const inventory& joined_with);
  void announce_session();
  void fence(const fenced_sessions& ended);
  node_report report(std::uint64_t acknowledged);
  void fetch_samples();

  void on_down(const caf::down_msg& x);
  void tick();
  void log_drops();
  void stop_all();
  void quit();

  pointer self;
  node_options options;
  instance_registry_ptr registry;
  egress_actor egress;
  ingress_actor ingress;
  telemetry_actor telemetry;
  provider_actor functions;
  std::map<std::string, provider_actor> resources; ///< by class
  std::unique_ptr<listener> acceptor;

  orchestrator_link orchestrator;
  hosted_instances instances;
  relays relayed;
  /// Instances that have been replaced elsewhere, until they have ended.
  std::set<physical_id> replaced;

  /// The samples of the last report, until it is acknowledged, and the next.
  performance_samples sent;
  performance_samples ready;
  bool fetching = false; ///< the next ones are requested of TELEMETRY

  caf::actor_clock::time_point next_tick; ///< when the next tick is due
  std::array<std::uint64_t, drop_reasons> logged_drops{};
  bool stopping = false;
};

node_self_actor::behavior_type node(node_state::pointer self,
                                    node_options options);

} // namespace edgeless
