// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/settings.hpp"

#include "messages/node.hpp"

#include <string_view>

namespace edgeless {

/// What a node says that it is: what the machine has, unless the user says
/// otherwise, and the run-times that are switched on.
node_capabilities capabilities_of(const node_settings& settings);

/// CPUs, cores, model, frequency and memory of this machine. What cannot be
/// found out is zero or empty.
node_capabilities detect_capabilities();

/// The same from the text of /proc/cpuinfo and /proc/meminfo. Where nothing is
/// said about cores, each CPU is one.
node_capabilities parse_capabilities(std::string_view cpuinfo,
                                     std::string_view meminfo);

/// Replaces what the user has described.
void override_capabilities(node_capabilities& capabilities,
                           const user_capabilities& user);

} // namespace edgeless
