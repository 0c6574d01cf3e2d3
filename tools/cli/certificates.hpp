// SPDX-License-Identifier: MIT
#pragma once

#include <caf/error.hpp>

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace edgeless {

/// The command that was chosen.
using command = std::function<caf::error(const std::string& config_file)>;

/// certificate init, certificate issue.
void add_certificate_commands(CLI::App& options, command& chosen);

} // namespace edgeless
