// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <ostream>

/// The output of edgeless_cli: line for line that of EDGELESS, followed by
/// additional lines.
namespace edgeless {

void print_workflow(std::ostream& out, const workflow_status& x);

/// The components that are not running, with reasons; nothing if all run.
void print_pending(std::ostream& out, const workflow_status& x);

/// Such as `2 nodes, 4 CPUs (4 cores) with 8192 MiB, labels [..], ...`.
std::string capabilities_line(const domain_description& x);

} // namespace edgeless
