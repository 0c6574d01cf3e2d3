// SPDX-License-Identifier: MIT
#pragma once

#include <caf/expected.hpp>

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace edgeless::benchmark {

/// A child process: this program with other arguments, or another program.
class child {
public:
  /// Runs this program; `arguments` are those of child_main.hpp.
  static caf::expected<std::unique_ptr<child>>
  spawn(const std::vector<std::string>& arguments);

  /// The same for a child that prints "up", or "error" and the reason; returns
  /// when it is up.
  static caf::expected<std::unique_ptr<child>>
  spawn_server(const std::vector<std::string>& arguments);

  /// Runs another program, found by PATH, in `folder`, with its output in
  /// `folder`/NAME.log. It is killed when the object or this process ends.
  static caf::expected<std::unique_ptr<child>>
  spawn_program(const std::filesystem::path& folder,
                const std::vector<std::string>& command);

  child(const child&) = delete;
  child& operator=(const child&) = delete;
  /// Closes its input and waits for its end.
  ~child();

  /// The next line of its output, without the newline; empty at end of file.
  std::string read_line();
  /// Closes its input, which tells a child of child_main.hpp to end.
  void close_input();
  /// Sends a signal, such as SIGKILL or SIGSTOP.
  void signal(int number);
  /// Whether it still runs.
  bool is_running();

  pid_t pid() const {
    return pid_;
  }

private:
  child() = default;

  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  bool kill_at_end_ = false;
};

} // namespace edgeless::benchmark
