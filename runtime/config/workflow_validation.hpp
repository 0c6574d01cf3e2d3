// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace edgeless {

/// The type of functions that nodes can run.
inline constexpr std::string_view wasm_type = "RUST_WASM";
/// Known from EDGELESS, and refused: nodes do not have this run-time.
inline constexpr std::string_view container_type = "CONTAINER";

/// The faults of a workflow, one sentence each, with the component. To be
/// called for every workflow received from another process.
std::vector<std::string> validate(const workflow_spec& spec);

/// The same without the modules, which may not be loaded yet.
std::vector<std::string> structural_faults(const workflow_spec& spec);

} // namespace edgeless
