// SPDX-License-Identifier: MIT
#pragma once

#include "tools/process.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace edgeless {

/// From now on, an exception that is caught nowhere, in main() or in any
/// thread, ends the program with one line on stderr and exit code 1. Nothing is
/// unwound: without memory, destructors would fail as well. To be called first;
/// `name` must live as long as the program.
void end_on_exceptions(const char* name);

/// The common parts of all command lines: --help, --version, --log-level.
class program {
public:
  /// `name` as in edgeless_node_d.
  program(std::string name, const std::string& purpose);

  CLI::App& options() {
    return options_;
  }

  /// Parses the command line and opens the log. Returns the exit code if the
  /// program is to end: after --help, --version or an error. An unknown command
  /// or option is named, with the nearest one.
  std::optional<int> parse(int argc, char** argv);

  /// Prints an error on stderr; returns the exit code.
  int fail(const caf::error& reason) const;

private:
  std::string name_;
  CLI::App options_;
  std::string log_level_;
};

/// Adds a subcommand that needs a subcommand.
CLI::App* add_group(CLI::App& to, const char* name, const char* purpose);

/// Adds a subcommand that stores `command` in `chosen`.
template <class Command>
CLI::App* add_command(CLI::App& to, const char* name, const char* purpose,
                      Command& chosen,
                      const std::type_identity_t<Command>& command) {
  auto* result = to.add_subcommand(name, purpose);
  result->callback([&chosen, command] { chosen = command; });
  return result;
}

/// Blocks SIGINT, SIGTERM and SIGHUP in this thread and its future threads and
/// ignores SIGPIPE. To be called before any thread starts.
void block_signals();

/// Waits for SIGINT or SIGTERM, then destroys all processes at once. If that
/// takes longer than 1.75 s, the program exits anyway. SIGHUP is logged: files
/// and certificates that have been replaced are taken up by themselves.
void run_until_signal(std::vector<process_ptr> running);

/// The main() of a daemon with one configuration file: `launch` starts it with
/// the settings of the file, --template writes `template_text()`.
struct daemon_spec {
  const char* name;
  std::string purpose;
  std::string config_file;
  std::function<std::string()> template_text;
  std::function<caf::expected<process_ptr>(const std::string& file)> launch;
  /// Adds options of this daemon alone. The result is called with the parsed
  /// command line; true: what was asked for is done.
  std::function<std::function<bool()>(CLI::App&)> add_options{};
};
int daemon_main(int argc, char** argv, const daemon_spec& spec);

/// Starts a process with the settings of a file: daemon_spec::launch.
template <class Settings>
auto launch_with(
  caf::expected<Settings> (*load)(const std::filesystem::path&)) {
  return [load](const std::string& file) -> caf::expected<process_ptr> {
    auto settings = load(file);
    if (!settings)
      return settings.error();
    return launch(*settings);
  };
}

} // namespace edgeless
