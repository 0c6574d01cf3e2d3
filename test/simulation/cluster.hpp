// SPDX-License-Identifier: MIT
#pragma once

#include "test/fixtures/memory_redis.hpp"
#include "test/fixtures/memory_store.hpp"
#include "test/fixtures/world.hpp"
#include "test/simulation/at_least_once_stream.hpp"
#include "test/simulation/client_requests.hpp"
#include "test/simulation/fencing_probe.hpp"
#include "test/simulation/ordered_stream.hpp"
#include "test/simulation/scenario.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace edgeless::test {

/// A cluster with its workloads, all drawn from one seed: a chain of relays, a
/// caller and its server, a timer, an ordered stream, an at-least-once stream,
/// and clients that start and stop workflows.
class cluster : public world {
public:
  /// Where an instance runs.
  struct location {
    std::string node;
    physical_id instance;
  };

  cluster(const simulation_options& options, const scenario& x);

  /// Prints a fault, if the simulation is verbose.
  void log_fault(const std::string& what) const;

  std::string random_node();
  /// What a node has a connection to: the orchestrator, or a node.
  std::string random_peer();
  /// One of the functions that may be crashed and migrated at any time.
  const started_component& random_function();

  /// Where an instance of this component runs, whichever orchestrator knows of
  /// it.
  std::optional<location> find(const logical_id& id) const;
  /// Casts to a component and delivers all messages, `times` times.
  void cast(const logical_id& id, const std::string& payload,
            std::uint64_t times = 1);
  /// Casts to a component and delivers nothing yet.
  void enqueue(const logical_id& id, const std::string& payload, int times);
  /// Puts events under way on all kinds of channels.
  void put_events_under_way();

  /// Starts a workflow and returns its components.
  std::vector<started_component>
  start_workflow(std::vector<component_draft> drafts);
  /// Adds a node, up to eight; every third one has the label "rare".
  void add_random_node();

  const scenario setup;
  std::shared_ptr<memory_store> store;     ///< of the controller
  std::shared_ptr<memory_database> mirror; ///< nothing without a mirror
  /// The chain f0 .. f4, the caller "asker" of "server", and the timer "ticker"
  /// with its sink "heard"; and the ends of the at-least-once stream if they
  /// crash.
  std::vector<started_component> functions;
  fencing_probe fencing{*this};
  ordered_stream ordered{*this};
  at_least_once_stream at_least_once{*this};
  client_requests clients{*this};
  /// Whether a node has lost its session with the orchestrator although both
  /// are alive.
  bool session_lost = false;

private:
  cluster(const simulation_options& options, const scenario& x,
          std::shared_ptr<memory_store> disk,
          std::shared_ptr<memory_database> redis);
  void start_functions();

  const simulation_options& options_;
  int nodes_added_ = 0;
};

} // namespace edgeless::test
