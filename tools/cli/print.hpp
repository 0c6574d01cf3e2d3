// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <ostream>

/// What edgeless_cli prints, line for line as EDGELESS' does; what goes beyond
/// it comes after it.
namespace edgeless {

void print_workflow(std::ostream& out, const workflow_status& x);

/// What is not running, and why; nothing if all of it is.
void print_pending(std::ostream& out, const workflow_status& x);

/// Such as `2 nodes, 4 CPUs (4 cores) with 8192 MiB, labels [..], ...`.
std::string capabilities_line(const domain_description& x);

} // namespace edgeless
