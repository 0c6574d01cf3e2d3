// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/settings.hpp"

#include "messages/node.hpp"

#include <string_view>

namespace edgeless {

/// The capabilities that a node announces: those detected on the machine,
/// unless the settings override them, and the enabled run-times.
node_capabilities announced_capabilities(const node_settings& settings);

/// CPUs, cores, model, frequency and memory of this machine, and the size of
/// the file system of the working directory; unknown values are zero or empty.
/// Reads /proc/cpuinfo, /proc/meminfo and cpufreq. GPUs are not detected, as in
/// EDGELESS.
node_capabilities detect_capabilities();

/// The same from the text of /proc/cpuinfo and /proc/meminfo. Without core ids,
/// each CPU is a core.
node_capabilities parse_proc_capabilities(std::string_view cpuinfo,
                                          std::string_view meminfo);

/// Replaces the values that the settings contain.
void override_capabilities(node_capabilities& capabilities,
                           const user_capabilities& user);

} // namespace edgeless
