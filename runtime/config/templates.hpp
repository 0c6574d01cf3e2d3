// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// The configuration files that programs write for their users: the files of
/// conf/, where each key is explained.
namespace edgeless {

std::string controller_template();
std::string orchestrator_template();
std::string cli_template();

/// With a random node_id.
std::string node_template(const random_source& random);

struct config_file {
  std::string name; ///< such as node.toml
  std::string text;
};

/// The files of a domain with one node, for `edgeless_inabox -t`.
std::vector<config_file> box_templates(const random_source& random);

/// The files of a domain with several nodes, node1.toml and so on, with
/// different ports on this machine. Only the first node has resources. An error
/// unless `nodes` is from 1 to limits::box_nodes.
caf::expected<std::vector<config_file>>
box_templates(std::size_t nodes, const random_source& random);

/// Gives the programs of a box consecutive ports, and a domain named after the
/// first one: orchestrator, controller, metrics-collector (2), then four for
/// each node. Adds cli.toml, which names the controller. An error unless all
/// ports are from 1 to 65535.
caf::expected<std::vector<config_file>>
with_ports_from(std::vector<config_file> files, std::size_t first_port);

/// Lets the programs of a box listen on that address of this machine. Adds
/// cli.toml.
std::vector<config_file> with_host(std::vector<config_file> files,
                                   const std::string& host);

/// Writes a new file; an error if it exists.
caf::error write_template(const std::filesystem::path& file,
                          std::string_view text);

/// Writes all files, or none if one exists. Creates the folder if necessary.
caf::error write_templates(const std::filesystem::path& folder,
                           const std::vector<config_file>& files);

/// The same for a folder that must be empty or absent.
caf::error write_box(const std::filesystem::path& folder,
                     const std::vector<config_file>& files);

} // namespace edgeless
