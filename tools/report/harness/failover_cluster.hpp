// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/harness/controller_stub.hpp"
#include "tools/report/harness/node.hpp"
#include "tools/report/harness/peer.hpp"
#include "tools/report/plan.hpp"

#include "runtime/metrics/domain_counters.hpp"
#include "runtime/net/basp/caf_system.hpp"
#include "runtime/net/transport.hpp"

#include "messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <functional>
#include <map>
#include <mutex>

namespace edgeless::benchmark {

/// Observes the events that reach the end of a chain of functions. Any thread.
class recorder {
public:
  struct observation {
    instance_id source;       ///< of the last event
    clock::time_point since;  ///< arrival of the first event of that source
    std::string first;        ///< payload of the first event of that source
    std::string payload;      ///< of the last event
    std::uint64_t events = 0; ///< of all sources
  };

  void record(const guest_event& x);
  observation last() const;

private:
  mutable std::mutex mutex_;
  observation last_;
};

/// A domain whose orchestrator and first node ("front") are in this process,
/// connected over loopback, and whose other nodes are child processes that can
/// be killed.
///
///     source (front) -> middle (a child) -> sink (front, a recorder)
class failover_cluster {
public:
  using statuses = std::vector<component_status>;

  /// Returns when the front node has joined.
  static caf::expected<std::unique_ptr<failover_cluster>>
  make(const std::filesystem::path& scratch,
       std::chrono::milliseconds keep_alive_interval);
  failover_cluster(const failover_cluster&) = delete;
  failover_cluster& operator=(const failover_cluster&) = delete;
  ~failover_cluster();

  /// Starts a child node, or starts it again under the same id; returns when it
  /// has joined.
  caf::error start_node(std::size_t index);
  void signal(std::size_t index, int number);
  /// Kills a child node, if it runs, and waits for its end.
  void kill(std::size_t index);

  /// The index of the child node with this id.
  std::optional<std::size_t> index_of(const node_id& id) const;

  /// A function with a workflow of its own that only these child nodes may
  /// host.
  component_spec function(const std::string& module,
                          const std::vector<std::size_t>& indices);
  /// Starts functions of the same workflow; returns when all run.
  caf::expected<statuses> start(const std::vector<component_spec>& specs);
  caf::expected<statuses> inspect(const workflow_id& workflow);
  /// Starts source, `middle` and sink, as a chain.
  caf::error start_chain(component_spec middle);

  /// Casts one event to the source.
  void cast();
  node& front() {
    return *front_;
  }
  const physical_id& source() const {
    return source_;
  }

  recorder& sink() {
    return *recorder_;
  }

  const domain_counters& counts() const {
    return *counts_;
  }

private:
  failover_cluster() = default;

  caf::error open(std::chrono::milliseconds keep_alive_interval);
  caf::error wait_for_nodes(std::size_t count);

  system_config config_;
  caf::actor_system system_{config_};
  std::filesystem::path scratch_;
  std::string url_;
  std::shared_ptr<domain_counters> counts_
    = std::make_shared<domain_counters>();
  std::shared_ptr<transport> net_;
  orchestrator_actor orchestrator_;
  std::unique_ptr<listener> acceptor_;
  controller_stub controller_;
  std::shared_ptr<recorder> recorder_ = std::make_shared<recorder>();
  node_id front_id_;
  std::unique_ptr<node> front_;
  physical_id source_;
  std::vector<node_id> ids_; ///< of the child nodes
  std::map<std::size_t, std::unique_ptr<child>> children_;
  caf::scoped_actor self_{system_};
};

/// Polls until the condition is true; false if it times out.
bool wait_until(std::chrono::milliseconds timeout,
                const std::function<bool()>& condition);

} // namespace edgeless::benchmark
