// SPDX-License-Identifier: MIT
#pragma once

#include "actors/orchestrator/orchestrator.hpp"

#include "runtime/net/basp/caf_system.hpp"
#include "runtime/net/transport.hpp"

#include "messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <memory>
#include <string>
#include <vector>

namespace edgeless::benchmark {

/// The orchestrator of a domain in this process, which nodes reach over
/// loopback. Its controller is a stub that has modules, but no workflows.
class local_domain {
public:
  using statuses = std::vector<component_status>;

  /// A chain that has been started.
  struct chain {
    physical_id source;
    node_id middle_node;
  };

  local_domain() = default;
  local_domain(const local_domain&) = delete;
  local_domain& operator=(const local_domain&) = delete;
  ~local_domain();

  /// `modules`: what nodes can fetch. The options lack the domain id, the
  /// random source and the counters.
  caf::error open(orchestrator_options options,
                  const std::vector<std::string>& modules);

  /// Where nodes reach the orchestrator.
  const std::string& url() const {
    return url_;
  }

  const domain_counters& counts() const {
    return *counts_;
  }

  caf::error wait_for_nodes(std::size_t count);

  /// A function with a workflow of its own, which only these nodes may host;
  /// any node if there are none.
  static component_spec function(const std::string& module,
                                 const std::vector<node_id>& nodes);

  /// Starts functions of the same workflow; returns when all run.
  caf::expected<statuses> start(const std::vector<component_spec>& specs);
  caf::expected<statuses> inspect(const workflow_id& workflow);
  /// Returns when the component runs on that node.
  caf::error migrate(const logical_id& component, const node_id& node);

  /// Starts relay.wat and a sink on `front`, and `middle` between them.
  caf::expected<chain> start_chain(const node_id& front, component_spec middle,
                                   const std::string& sink_module);

private:
  template <class... Ts>
  caf::expected<statuses> request_statuses(const Ts&... xs);

  system_config config_;
  caf::actor_system system_{config_};
  std::string url_;
  std::shared_ptr<domain_counters> counts_
    = std::make_shared<domain_counters>();
  std::shared_ptr<transport> net_;
  orchestrator_actor orchestrator_;
  std::unique_ptr<listener> listener_;
  caf::actor controller_;
  caf::scoped_actor self_{system_};
};

} // namespace edgeless::benchmark
