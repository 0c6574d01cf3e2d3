// SPDX-License-Identifier: MIT
#pragma once

#include "messages/event.hpp"

#include <caf/expected.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace edgeless::benchmark {

/// A child process that runs this program.
class child {
public:
  /// `arguments`: without the name of the program.
  static caf::expected<std::unique_ptr<child>>
  spawn(const std::vector<std::string>& arguments);
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  /// Closes its input and waits for its end.
  ~child();

  /// The next line of its output, without the newline; empty at end of file.
  std::string read_line();
  /// Closes its input, which tells the child to end.
  void close_input();
  pid_t pid() const {
    return pid_;
  }

  /// Sends a signal, such as SIGKILL or SIGSTOP.
  void signal(int number);

private:
  child() = default;

  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
};

/// The function of a peer: burst.wat, which casts to `out`.
struct peer_task {
  instance_id self;
  endpoint out;
  std::uint32_t every = 0;
  std::uint32_t burst = 0;
  std::uint32_t size = 0;
  /// The folder of the certificate authority; empty: no encryption.
  std::filesystem::path certificates{};
};

/// A node with one function in a child process.
class peer {
public:
  static caf::expected<std::unique_ptr<peer>>
  spawn(const std::filesystem::path& cache, const peer_task& task);

  const endpoint& target() const {
    return target_;
  }

  /// Stops it; the numbers of events that it has handled and dropped.
  std::pair<std::uint64_t, std::uint64_t> stop();

private:
  std::unique_ptr<child> process_;
  endpoint target_;
};

/// If this process was started as a child of the benchmark, runs it and returns
/// its exit code.
std::optional<int> run_as_child(int argc, char** argv);

/// The arguments of a child that exits at once.
std::vector<std::string> exit_arguments();

/// The arguments of a child in which an actor ticks once a second; it prints a
/// line when it is ready.
std::vector<std::string> tick_arguments();

/// The arguments of a child that runs run_idle().
std::vector<std::string> idle_arguments(std::size_t instances,
                                        const std::filesystem::path& cache);

} // namespace edgeless::benchmark
