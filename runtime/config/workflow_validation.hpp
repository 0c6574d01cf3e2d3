// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace edgeless {

/// The type of functions that nodes can run.
inline constexpr std::string_view wasm_type = "RUST_WASM";
/// Accepted as in EDGELESS; no node of ours has this run-time.
inline constexpr std::string_view container_type = "CONTAINER";

/// What is wrong with a workflow, one sentence each, naming the component:
/// whoever takes a workflow from somebody else asks this first.
std::vector<std::string> validate(const workflow_spec& spec);

/// The same, but for the modules: they may have yet to be read.
std::vector<std::string> structural_faults(const workflow_spec& spec);

} // namespace edgeless
