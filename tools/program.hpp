// SPDX-License-Identifier: MIT
#pragma once

#include "tools/process.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace edgeless {

/// What all programs have in common on their command line.
class program {
public:
  /// `name` as in edgeless_node_d.
  program(std::string name, const std::string& purpose);

  CLI::App& options() {
    return options_;
  }

  /// Parses, opens the log. Returns the exit code if there is nothing more to
  /// do: --help, --version, or a mistake.
  std::optional<int> parse(int argc, char** argv);

  /// Prints why the program cannot go on; returns the exit code for that.
  int fail(const caf::error& reason) const;

private:
  std::string name_;
  CLI::App options_;
  std::string log_level_;
};

/// Signals that end a daemon are waited for from now on, by all threads to
/// come; those of broken sockets are ignored. To be called first of all.
void block_signals();

/// Waits for SIGINT or SIGTERM, then ends the processes in the reverse order
/// of their start. Should that take too long, the program ends all the same.
void run_until_told(std::vector<process_ptr> running);

/// The main() of a daemon with one configuration file.
struct daemon_outline {
  std::string name;
  std::string purpose;
  std::string config_file;
  std::function<std::string()> template_text;
  std::function<caf::expected<process_ptr>(const std::string& file)> launch;
};
int daemon_main(int argc, char** argv, const daemon_outline& outline);

} // namespace edgeless
