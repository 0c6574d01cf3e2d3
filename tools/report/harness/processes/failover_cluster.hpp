// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/harness/in_process/local_domain.hpp"
#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/harness/processes/child.hpp"
#include "tools/report/plan.hpp"

#include <array>
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
/// and whose other nodes are child processes that can be killed.
///
///     source (front) -> middle (a child) -> sink (front, a recorder)
class failover_cluster {
public:
  using statuses = local_domain::statuses;
  static constexpr std::size_t max_children = 3;

  /// Starts the front node and so many child nodes; returns when they have
  /// joined.
  static caf::expected<std::unique_ptr<failover_cluster>>
  make(const std::filesystem::path& scratch,
       std::chrono::milliseconds keep_alive_interval, std::size_t children);
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
                          const std::vector<std::size_t>& indices) const;
  /// Starts functions of the same workflow; returns when all run.
  caf::expected<statuses> start(const std::vector<component_spec>& specs) {
    return domain_.start(specs);
  }
  caf::expected<statuses> inspect(const workflow_id& workflow) {
    return domain_.inspect(workflow);
  }
  /// Starts source, `middle` and sink, as a chain.
  caf::error start_chain(component_spec middle);

  /// Casts one event to the source.
  void cast() {
    front_->cast(source_, "event");
  }
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
    return domain_.counts();
  }

private:
  caf::error open(std::chrono::milliseconds keep_alive_interval,
                  std::size_t children);

  std::filesystem::path scratch_;
  local_domain domain_;
  std::shared_ptr<recorder> recorder_ = std::make_shared<recorder>();
  node_id front_id_;
  std::unique_ptr<node> front_;
  physical_id source_;
  std::array<node_id, max_children> ids_;
  std::array<std::unique_ptr<child>, max_children> children_;
};

} // namespace edgeless::benchmark
