// SPDX-License-Identifier: MIT
#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace edgeless {

/// A program to run without a shell.
struct command {
  /// The program, searched in PATH, and its arguments.
  std::vector<std::string> words;
  /// Its working directory; empty: that of this process.
  std::filesystem::path folder;
  /// Entries NAME=VALUE that are added to the environment unless it has NAME.
  std::vector<std::string> defaults;
};

/// Runs a program to its end. Its stdout and stderr go to this process's
/// stderr. Blocks. An error (ec::system_failure) if it cannot be started, exits
/// with another status than zero, or is killed at the deadline.
caf::error run(const command& what, std::chrono::milliseconds deadline);

/// As run(), but returns up to limits::text bytes of its stdout and discards
/// its stderr.
caf::expected<std::string> output_of(const command& what,
                                     std::chrono::milliseconds deadline);

} // namespace edgeless
