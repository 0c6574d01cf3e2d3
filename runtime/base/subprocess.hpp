// SPDX-License-Identifier: MIT
#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace edgeless {

/// A program to run, without a shell in between.
struct command {
  /// The program, found by PATH, and its arguments.
  std::vector<std::string> words;
  /// Where it runs; empty: here.
  std::filesystem::path folder;
  /// NAME=VALUE, where the environment does not have NAME.
  std::vector<std::string> defaults;
};

/// Runs a program to its end; what it prints goes to our stderr. An error if
/// it cannot be started, fails, or is not done by the deadline: then it is
/// killed.
caf::error run(const command& what, std::chrono::milliseconds deadline);

/// The same, but returns what it prints on stdout; its stderr is discarded.
caf::expected<std::string> output_of(const command& what,
                                     std::chrono::milliseconds deadline);

} // namespace edgeless
