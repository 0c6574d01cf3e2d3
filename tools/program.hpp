// SPDX-License-Identifier: MIT
#pragma once

#include "tools/process.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace edgeless {

/// The common parts of all command lines: --help, --version, --log-level.
class program {
public:
  /// `name` as in edgeless_node_d.
  program(std::string name, const std::string& purpose);

  CLI::App& options() {
    return options_;
  }

  /// Parses the command line and opens the log. Returns the exit code if the
  /// program is to end: after --help, --version or an error.
  std::optional<int> parse(int argc, char** argv);

  /// Prints an error on stderr; returns the exit code.
  int fail(const caf::error& reason) const;

private:
  std::string name_;
  CLI::App options_;
  std::string log_level_;
};

/// Blocks SIGINT and SIGTERM in this thread and its future threads and ignores
/// SIGPIPE. To be called before any thread starts.
void block_signals();

/// Waits for SIGINT or SIGTERM, then destroys the processes in the reverse
/// order of their start. If that takes longer than 1.75 s, the program exits
/// anyway.
void run_until_signal(std::vector<process_ptr> running);

/// The main() of a daemon with one configuration file: `launch` starts it with
/// the settings of the file, --template writes `template_text()`.
struct daemon_spec {
  std::string name;
  std::string purpose;
  std::string config_file;
  std::function<std::string()> template_text;
  std::function<caf::expected<process_ptr>(const std::string& file)> launch;
};
int daemon_main(int argc, char** argv, const daemon_spec& outline);

} // namespace edgeless
