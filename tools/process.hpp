// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/settings.hpp"

#include <caf/expected.hpp>

#include <memory>

namespace edgeless {

/// A controller, an orchestrator or a node in an actor system of its own. The
/// destructor stops it within two seconds, whatever its guests do.
/// edgeless_inabox runs several in one program, which communicate over loopback
/// as they would over a network.
class process {
public:
  virtual ~process() = default;
};

using process_ptr = std::unique_ptr<process>;

/// Starts a process. The error names the address that cannot be listened on and
/// the reason.
caf::expected<process_ptr> launch(const controller_settings& settings);
caf::expected<process_ptr> launch(const orchestrator_settings& settings);
caf::expected<process_ptr> launch(const node_settings& settings);

} // namespace edgeless
