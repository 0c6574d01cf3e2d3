// SPDX-License-Identifier: MIT
#pragma once

#include "tools/cli/certificates.hpp"

namespace edgeless {

/// Adds `get`, `push` and `download` to the group of `function`.
void add_repository_commands(CLI::App& group, cli_command& chosen);

} // namespace edgeless
