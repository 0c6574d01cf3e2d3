// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/settings.hpp"

#include <caf/expected.hpp>

#include <memory>

namespace edgeless {

/// A controller, an orchestrator or a node, in an actor system of its own. The
/// box has several in one process; they talk over loopback, so that it takes
/// the same way as many hosts. The destructor stops it, within two seconds
/// whatever its guests do.
class process {
public:
  virtual ~process() = default;
};

using process_ptr = std::unique_ptr<process>;

/// An error says which address cannot be listened on, and why.
caf::expected<process_ptr> launch(const controller_settings& settings);
caf::expected<process_ptr> launch(const orchestrator_settings& settings);
caf::expected<process_ptr> launch(const node_settings& settings);

} // namespace edgeless
