// SPDX-License-Identifier: MIT
#pragma once

#include "messages/workflow.hpp"

#include <string>
#include <vector>

/// Which annotations of functions and configurations of resources this version
/// reads: the tables are in known_settings.cpp, one for all functions and one
/// for each class of resources.
namespace edgeless {

/// One sentence, with the component, for each key that is not read, and the
/// nearest one that is. Keys that begin with "x-" are those of the user. The
/// configurations of classes without a table are not checked.
std::vector<std::string> unknown_settings(const workflow_spec& spec);

/// One sentence for each configuration that the class of a resource requires
/// and that is missing or empty.
std::vector<std::string> missing_settings(const component_draft& draft);

} // namespace edgeless
