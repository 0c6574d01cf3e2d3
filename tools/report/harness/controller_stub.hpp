// SPDX-License-Identifier: MIT
#pragma once

#include "messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <string>
#include <vector>

namespace edgeless::benchmark {

/// Stands in for the controller of a domain: has modules, but no workflows.
class controller_stub {
public:
  controller_stub() = default;
  controller_stub(const controller_stub&) = delete;
  controller_stub& operator=(const controller_stub&) = delete;
  ~controller_stub();

  /// Attaches to an orchestrator, which fetches the modules from here.
  caf::error
  attach(caf::scoped_actor& self, const orchestrator_actor& orchestrator,
         const std::string& domain_id, const std::vector<std::string>& modules);

  /// Stops an orchestrator of this process, if it is not null, and waits for
  /// its end.
  static void stop(caf::scoped_actor& self,
                   const orchestrator_actor& orchestrator);

private:
  caf::actor module_source_;
};

} // namespace edgeless::benchmark
