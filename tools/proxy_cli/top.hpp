// SPDX-License-Identifier: MIT
#pragma once

#include "tools/proxy_cli/node_names.hpp"
#include "tools/proxy_cli/store.hpp"

#include "messages/workflow.hpp"

#include <functional>
#include <string>
#include <vector>

namespace edgeless {

/// A table for the whole screen, refreshed each second.
struct top_table {
  struct column {
    std::string name;
    std::size_t width = 0;
    bool right = false; ///< right-aligned
  };
  std::string title;
  std::vector<column> columns; ///< the most important first
  std::vector<std::vector<std::string>> rows;

  std::string header() const;
  std::string row(std::size_t number) const;
};

using top_source = std::function<caf::expected<top_table>()>;

caf::expected<top_table> top_nodes(store& from, node_format nodes);

/// The components of one workflow, or of all if the id is nil. With what its
/// controller knows of it: also those that the mirror does not have, all by
/// their names, with their domain.
caf::expected<top_table> top_workflow(store& from, node_format nodes,
                                      const workflow_id& which,
                                      const workflow_status* known = nullptr);

/// Shows the table until `q` is pressed, then restores the terminal. An error
/// unless stdin and stdout are a terminal.
caf::error watch_table(const top_source& source);

} // namespace edgeless
