// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/fd.hpp"

#include <caf/expected.hpp>

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace edgeless {

/// How to start a child process. It inherits nothing but what is named here: no
/// signal is blocked or ignored, standard descriptors without an entry in
/// `descriptors` are /dev/null, all others are closed.
struct spawn_options {
  /// A path, or a name to be searched in PATH.
  std::string program;
  /// argv, including argv[0].
  std::vector<std::string> arguments;
  /// Entries NAME=VALUE: all of its environment.
  std::vector<std::string> environment;
  /// Its working directory; empty: that of this process.
  std::filesystem::path folder;
  /// Pairs of a descriptor of this process and its number in the child: up to
  /// 2, or from 3 on without a gap. Descriptors of this process that are
  /// numbers of the child, too, must have been moved by lifted().
  std::vector<std::pair<int, int>> descriptors;
};

/// Starts the child and sets `pid`. Returns zero, or an errno value; then `pid`
/// is -1.
int spawn(const spawn_options& options, pid_t& pid);

/// Moves a descriptor to a number above those that children use, so that a
/// child's descriptors do not overwrite each other. Invalid on failure.
file_descriptor lifted(int number);

struct run_result {
  /// Zero, or the errno value of a failed start.
  int error = 0;
  /// The wait status; nothing if the child was killed at the deadline.
  std::optional<int> status;
};

/// Starts a child and blocks until its end. Kills it after `deadline`.
run_result spawn_and_wait(const spawn_options& options,
                          std::chrono::milliseconds deadline);

/// The environment of this process, as NAME=VALUE.
std::vector<std::string> current_environment();

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
