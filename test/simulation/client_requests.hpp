// SPDX-License-Identifier: MIT
#pragma once

#include "test/simulation/started_component.hpp"

#include "messages/ids.hpp"
#include "messages/workflow.hpp"

#include <vector>

namespace edgeless::test {

/// Clients that start and stop workflows of one function each, and repeat a
/// request until it is answered.
class client_requests {
public:
  struct request {
    workflow_id id;
    component_draft function;
    bool stopping = false; ///< else it is to be started
  };

  explicit client_requests(cluster& x) : cluster_{x} {
    // nop
  }

  /// A client asks for a workflow; half of them need a node with the label
  /// "rare".
  void start_workflow();
  /// A client asks to stop a workflow of whose start it knows.
  void stop_workflow();
  /// Repeats the requests that have no answer, and some that have one.
  void repeat();

  const std::vector<request>& all() const {
    return requests_;
  }

private:
  cluster& cluster_;
  std::vector<request> requests_;
};

} // namespace edgeless::test
