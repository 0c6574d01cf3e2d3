// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/plan.hpp"

#include "messages/ids.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// What dies in the part of the report that measures failover: this program
/// once more, as one of the daemons.
namespace edgeless::benchmark {

/// The arguments of a child that is a node, as edgeless_node_d runs it. It
/// prints a line when it is up.
std::vector<std::string> be_node(const std::filesystem::path& cache,
                                 const node_id& id,
                                 const std::string& orchestrator);

/// ...an orchestrator at that URL, of the domain "domain", which polls its
/// nodes once a second. It prints a line when it listens.
std::vector<std::string> be_orchestrator(const std::string& url);

/// ...somebody who connects to this port of loopback and says nothing.
std::vector<std::string> be_connected(std::uint16_t port);

/// Does what one of these words ask for; nothing if they are not ours.
std::optional<int> run_failover_child(const std::vector<std::string>& words);

// -- floors -------------------------------------------------------------------

/// Seconds from a SIGKILL until the end of a connection to who was killed.
row kill_to_eof(const plan& how);

/// Seconds to write 4 KiB to the disk, for good.
row synced_write(const plan& how);

// -- what is measured in a file of its own ------------------------------------

/// From a restarted orchestrator listens until all that ran is known again.
rows adoption(const plan& how);

} // namespace edgeless::benchmark
