// SPDX-License-Identifier: MIT
#pragma once

#include "messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <string>
#include <vector>

namespace edgeless::benchmark {

/// Stands in for a controller: has modules, and nothing to host.
class patron {
public:
  patron() = default;
  patron(const patron&) = delete;
  patron& operator=(const patron&) = delete;
  ~patron();

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
