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

/// Each node gets an id of its own.
std::string node_template(const random_source& random);

struct config_file {
  std::string name; ///< such as node.toml
  std::string text;
};

/// Everything for one domain with one node: `edgeless_inabox -t`.
std::vector<config_file> box_templates(const random_source& random);

/// The same with that many nodes, node1.toml and so on, with different ports
/// on this machine. Only the first one has resources. An error unless there
/// are from 1 to limits::box_nodes.
caf::expected<std::vector<config_file>>
box_templates(std::size_t nodes, const random_source& random);

/// Writes a file that must not exist yet.
caf::error write_template(const std::filesystem::path& file,
                          std::string_view text);

/// Writes all files, or none if one exists. The folder is made if need be.
caf::error write_templates(const std::filesystem::path& folder,
                           const std::vector<config_file>& files);

/// The same into a folder that must be empty or absent.
caf::error write_box(const std::filesystem::path& folder,
                     const std::vector<config_file>& files);

} // namespace edgeless
