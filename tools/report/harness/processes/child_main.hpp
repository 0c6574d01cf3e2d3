// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// The child processes of the report: this program with other arguments. All of
/// them but those that end by themselves end when their input is closed.
namespace edgeless::benchmark {

struct peer_task;

/// If this process was started with arguments from below, runs it and returns
/// its exit code.
std::optional<int> run_as_child(int argc, char** argv);

/// Exits at once.
std::vector<std::string> exit_arguments();

/// Runs CAF with one actor that ticks once a second; prints a line when it is
/// ready.
std::vector<std::string> tick_arguments();

/// Runs another program: see child::spawn_program().
std::vector<std::string>
program_arguments(const std::filesystem::path& folder,
                  const std::vector<std::string>& command);

/// Starts idle instances in a node, prints resident bytes per instance and per
/// mapping, or "error" and the reason, and exits.
std::vector<std::string> idle_arguments(std::size_t instances,
                                        const std::filesystem::path& cache);

/// Runs a node with one function; prints its URL, or "error" and the reason; at
/// the end, the numbers of events that it has handled and dropped.
std::vector<std::string> peer_arguments(const std::filesystem::path& cache,
                                        const peer_task& task);

/// Runs a node as edgeless_node_d does; prints "up", or "error" and the reason.
std::vector<std::string> node_arguments(const std::filesystem::path& cache,
                                        const node_id& id,
                                        const std::string& orchestrator_url);

/// Runs the orchestrator of the domain "domain" at that URL, with a keep-alive
/// interval of 1 s; prints the same.
std::vector<std::string> orchestrator_arguments(const std::string& url);

/// Connects to this port on loopback and sends nothing.
std::vector<std::string> connected_arguments(std::uint16_t port);

} // namespace edgeless::benchmark
