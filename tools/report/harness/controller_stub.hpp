// SPDX-License-Identifier: MIT
#pragma once

#include "messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <string>
#include <vector>

namespace edgeless::benchmark {

/// Stands in for a controller: has modules, and nothing to host.
class controller_link {
public:
  controller_link() = default;
  controller_link(const controller_link&) = delete;
  controller_link& operator=(const controller_link&) = delete;
  ~controller_link();

  /// Takes the domain over; its orchestrator gets the modules from here.
  caf::error attach(caf::scoped_actor& self, const orchestrator_actor& whom,
                    const std::string& domain_id,
                    const std::vector<std::string>& modules);

  /// Ends an orchestrator of this process, if there is one, and waits for that.
  static void dismiss(caf::scoped_actor& self, const orchestrator_actor& whom);

private:
  caf::actor library_;
};

} // namespace edgeless::benchmark
