// SPDX-License-Identifier: MIT
#pragma once

#include "tools/proxy_cli/store.hpp"

#include <chrono>
#include <optional>
#include <ostream>
#include <string>

namespace edgeless {

/// What a delegated orchestrator wants.
struct wish {
  std::string verb;    ///< the middle of the key: migrate, cordon or drain
  std::string subject; ///< the id of a component or a node
  std::string value;
};

/// Checks the ids. `nodes` is one or, separated by commas, several.
caf::expected<wish> migration(const std::string& component,
                              const std::string& nodes);

/// `verb` is cordon, uncordon or drain.
caf::expected<wish> node_wish(const std::string& verb, const std::string& node);

/// Hands it to the orchestrator. With `timeout`, waits that long for what
/// becomes of it, and prints it; it is an error if that is not done.
caf::error submit(store& to, const wish& x,
                  std::optional<std::chrono::milliseconds> patience,
                  std::ostream& out);

} // namespace edgeless
