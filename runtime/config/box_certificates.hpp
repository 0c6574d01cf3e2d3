// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/config/templates.hpp"

#include <caf/error.hpp>

#include <filesystem>
#include <vector>

/// A box whose programs show each other certificates.
namespace edgeless {

/// The files of a box with the section [tls] in each: NAME.toml leads to
/// tls/NAME.pem and tls/NAME.key beside it. cli.toml is added.
std::vector<config_file> with_tls(std::vector<config_file> files);

/// Makes an authority in FOLDER/tls, and a certificate for each of the files.
caf::error write_box_certificates(const std::filesystem::path& folder,
                                  const std::vector<config_file>& files,
                                  const random_source& random);

} // namespace edgeless
