// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/templates.hpp"

#include <caf/error.hpp>

#include <filesystem>
#include <vector>

/// Certificates for the programs of a box (edgeless_inabox).
namespace edgeless {

/// The files of a box with a section [tls] in each: NAME.toml names
/// tls/NAME.pem and tls/NAME.key in the same folder. Adds cli.toml.
std::vector<config_file> with_tls(std::vector<config_file> files);

/// Creates an authority in FOLDER/tls, and a certificate for each file.
caf::error write_box_certificates(const std::filesystem::path& folder,
                                  const std::vector<config_file>& files,
                                  const random_source& random);

} // namespace edgeless
