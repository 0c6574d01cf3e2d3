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

/// This program once more, as a child process.
class child {
public:
  /// `words` are its arguments.
  static caf::expected<std::unique_ptr<child>>
  spawn(const std::vector<std::string>& words);
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  /// Closes its input and waits for its end.
  ~child();

  /// The next line of its output, without the newline; empty at the end.
  std::string read_line();
  /// Closes its input: its work is done.
  void dismiss();
  pid_t pid() const {
    return pid_;
  }

  /// Such as SIGKILL, which nobody survives, or SIGSTOP.
  void signal(int number);

private:
  child() = default;

  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
};

/// What a peer runs: flow.wat, which casts to `out`.
struct peer_task {
  instance_id self;
  endpoint out;
  std::uint32_t every = 0;
  std::uint32_t burst = 0;
  std::uint32_t size = 0;
  /// Where its certificate is issued; empty: it speaks in the clear.
  std::filesystem::path certificates{};
};

/// A node with one function in a process of its own.
class peer {
public:
  static caf::expected<std::unique_ptr<peer>>
  spawn(const std::filesystem::path& cache, const peer_task& task);

  const endpoint& at() const {
    return at_;
  }

  /// Ends it; how many events it handled and dropped.
  std::pair<std::uint64_t, std::uint64_t> end();

private:
  std::unique_ptr<child> process_;
  endpoint at_;
};

/// If this process was started as a child of the benchmark, does what it is
/// for and returns the code to exit with.
std::optional<int> run_as_child(int argc, char** argv);

/// The arguments of a child that ends at once.
std::vector<std::string> do_nothing();

/// The arguments of a child in which an actor ticks once a second; it prints a
/// line when it does.
std::vector<std::string> tick_alone();

/// The arguments of a child that starts so many idle instances and prints how
/// many bytes each takes, or "error" and why.
std::vector<std::string> count_idle(std::size_t instances,
                                    const std::filesystem::path& cache);

} // namespace edgeless::benchmark
