// SPDX-License-Identifier: MIT
#pragma once

#include "tools/proxy_cli/store.hpp"

#include "messages/ids.hpp"

#include <functional>
#include <string>
#include <vector>

namespace edgeless {

/// What is shown on the whole screen, and again each second.
struct top_table {
  struct column {
    std::string name;
    std::size_t width = 0;
    bool right = false; ///< a figure
  };
  std::string title;
  std::vector<column> columns; ///< the first ones matter most
  std::vector<std::vector<std::string>> rows;

  std::string header() const;
  std::string row(std::size_t number) const;
};

using top_source = std::function<caf::expected<top_table>()>;

caf::expected<top_table> top_nodes(store& from);

/// Of one workflow; with the nil id, of all.
caf::expected<top_table> top_workflow(store& from, const workflow_id& which);

/// Shows the table until `q` is pressed, then leaves the terminal as it was.
/// An error where stdout is none.
caf::error watch_table(const top_source& source);

} // namespace edgeless
