// SPDX-License-Identifier: MIT
#pragma once

#include "tools/proxy_cli/node_names.hpp"
#include "tools/proxy_cli/store.hpp"

#include <ostream>
#include <string>

namespace edgeless {

enum class show_what {
  functions,
  resources,
  logical_to_physical,
  logical_to_workflow,
  capabilities,
  health,
  instances,
  providers,
};

/// Prints a listing line for line as EDGELESS' proxy_cli does, or as one JSON
/// object whose keys are the first column.
caf::error show(store& from, show_what what, node_format nodes, bool as_json,
                std::ostream& out);

} // namespace edgeless
