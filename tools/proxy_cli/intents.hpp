// SPDX-License-Identifier: MIT
#pragma once

#include "tools/proxy_cli/node_names.hpp"
#include "tools/proxy_cli/store.hpp"

#include <chrono>
#include <optional>
#include <ostream>
#include <string>

namespace edgeless {

/// An intent of a delegated orchestrator, in its text form.
struct intent_text {
  std::string verb;    ///< the middle of the key: migrate, cordon or drain
  std::string subject; ///< the id of a component or a node
  std::string value;
};

/// Checks the ids. `nodes` is one or, separated by commas, several.
caf::expected<intent_text> make_migration(const node_names& known,
                                          const std::string& component,
                                          const std::string& nodes);

/// `verb` is cordon, uncordon or drain.
caf::expected<intent_text> make_node_intent(const node_names& known,
                                            const std::string& verb,
                                            const std::string& node);

/// Submits an intent to the orchestrator. With `timeout`, waits that long for
/// the outcome and prints it; another outcome than "done" is an error.
caf::error submit(store& to, const intent_text& x,
                  std::optional<std::chrono::milliseconds> timeout,
                  std::ostream& out);

} // namespace edgeless
