// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/plan.hpp"

#include "messages/ids.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// The child processes of the failover part, and its baselines.
namespace edgeless::benchmark {

/// The arguments of a child that runs a node, as edgeless_node_d does. It
/// prints "up", or "error" and the reason.
std::vector<std::string> node_arguments(const std::filesystem::path& cache,
                                        const node_id& id,
                                        const std::string& orchestrator);

/// The arguments of a child that runs the orchestrator of the domain "domain"
/// at that URL, with a keep-alive interval of 1 s. It prints the same.
std::vector<std::string> orchestrator_arguments(const std::string& url);

/// The arguments of a child that connects to this port on loopback and sends
/// nothing.
std::vector<std::string> connected_arguments(std::uint16_t port);

/// Runs the child with these arguments and returns its exit code; nothing if
/// they are not from above.
std::optional<int>
run_failover_child(const std::vector<std::string>& arguments);

// -- baselines
// -------------------------------------------------------------------

/// Seconds from a SIGKILL to the end of a connection of the killed process.
row kill_to_eof(const plan& how);

/// Seconds to write 4 KiB to the disk and fsync them.
row synced_write(const plan& how);

// -- parts --------------------------------------------------------------------

/// Seconds from when a restarted orchestrator listens until it has adopted all
/// instances.
rows adoption(const plan& how);

} // namespace edgeless::benchmark
