// SPDX-License-Identifier: MIT
#pragma once

#include <caf/error.hpp>

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace edgeless {

/// The chosen command; it gets the path of the configuration file.
using cli_command = std::function<caf::error(const std::string& config_file)>;

/// Adds `certificate init` and `certificate issue`.
void add_certificate_commands(CLI::App& options, cli_command& chosen);

} // namespace edgeless
