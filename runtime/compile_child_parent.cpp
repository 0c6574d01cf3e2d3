// SPDX-License-Identifier: MIT
#include "runtime/compile_child.hpp"
#include "runtime/wasm_files.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

extern char** environ;

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;

// The child's descriptors, beside the answer on its standard output.
constexpr int child_source = 3;
constexpr int child_result = 4;
/// Ours are above those, so that giving one does not overwrite another.
constexpr int lowest = 10;

caf::error system_error(std::string_view what) {
  return fail(ec::system_failure,
              std::string{what} + ": " + std::strerror(errno));
}

descriptor lifted(int number) {
  descriptor original{number};
  return descriptor{fcntl(number, F_DUPFD_CLOEXEC, lowest)};
}

struct child {
  pid_t pid = -1;
  descriptor source, result, answer;

  ~child() {
    if (pid > 0) {
      kill(pid, SIGKILL);
      reap();
    }
  }

  /// The wait status; nothing if somebody else took it.
  std::optional<int> reap() {
    int status = 0;
    pid_t found;
    do
      found = waitpid(pid, &status, 0);
    while (found < 0 && errno == EINTR);
    auto mine = found == std::exchange(pid, -1);
    return mine ? std::optional{status} : std::nullopt;
  }
};

struct spawn_plan {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  spawn_plan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }

  ~spawn_plan() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
};

/// Starts the child with its three descriptors and nothing else of ours.
int spawn(const std::string& program, child& x, int answer_end) {
  spawn_plan plan;
  auto* actions = &plan.actions;
  posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(actions, answer_end, 1);
  posix_spawn_file_actions_adddup2(actions, 0, 2);
  posix_spawn_file_actions_adddup2(actions, x.source.get(), child_source);
  posix_spawn_file_actions_adddup2(actions, x.result.get(), child_result);
  posix_spawn_file_actions_addclosefrom_np(actions, child_result + 1);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&plan.attributes, &none);
  posix_spawnattr_setsigdefault(&plan.attributes, &all);
  posix_spawnattr_setflags(&plan.attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string name = "compile", option = "--compile-module",
              source = "/proc/self/fd/" + std::to_string(child_source),
              result = "/proc/self/fd/" + std::to_string(child_result);
  char* arguments[]
    = {name.data(), option.data(), source.data(), result.data(), nullptr};
  return posix_spawn(&x.pid, program.c_str(), actions, &plan.attributes,
                     arguments, environ);
}

caf::error start(const std::string& program, std::string_view module,
                 child& x) {
  x.source = lifted(memfd_create("module", MFD_CLOEXEC));
  x.result = lifted(memfd_create("compiled", MFD_CLOEXEC));
  int ends[2];
  if (!x.source || !x.result || pipe2(ends, O_CLOEXEC) != 0)
    return system_error("no room for a module to compile");
  x.answer = lifted(ends[0]);
  auto answer_end = lifted(ends[1]);
  if (!x.answer || !answer_end || !write_all(x.source, module))
    return system_error("no room for a module to compile");
  auto status = spawn(program, x, answer_end.get());
  if (status != 0) {
    x.pid = -1;
    errno = status;
    return system_error("the compiler cannot be started");
  }
  return {};
}

/// What the child says until it ends; nothing if it is late.
std::optional<std::string> listen(const descriptor& from,
                                  clock::time_point deadline) {
  std::string result;
  for (;;) {
    auto left
      = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    if (left.count() <= 0)
      return std::nullopt;
    pollfd watched{from.get(), POLLIN, 0};
    auto ready = poll(&watched, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR)
      return result;
    if (ready <= 0)
      continue;
    char buffer[1024];
    auto n = read(from.get(), buffer, sizeof(buffer));
    if (n <= 0)
      return result;
    if (result.size() < limits::text)
      result.append(buffer, static_cast<std::size_t>(n));
  }
}

caf::error beyond_limits(std::string_view how) {
  return fail(ec::compile_failed, "the module cannot be compiled within the "
                                  "limits: "
                                    + std::string{how});
}

} // namespace

caf::expected<std::string>
compile_in_child(const std::string& program, std::string_view module,
                 std::chrono::milliseconds deadline) {
  child x;
  auto end = clock::now() + deadline;
  if (auto error = start(program, module, x))
    return error;
  auto text = listen(x.answer, end);
  if (!text)
    return beyond_limits("it takes more than "
                         + std::to_string(deadline.count()) + " ms");
  auto status = x.reap();
  if (text->starts_with('-'))
    return fail(ec::bad_module, "the module is not valid: " + text->substr(1));
  if (*text != "+") {
    if (status && WIFEXITED(*status))
      return fail(ec::system_failure,
                  "the compiler's process does not compile: it exited with "
                    + std::to_string(WEXITSTATUS(*status)));
    if (status && WTERMSIG(*status) == SIGXCPU)
      return beyond_limits("it takes too much time");
    return beyond_limits("it takes too much memory");
  }
  auto compiled = read_all(x.result, limits::compiled);
  if (!compiled)
    return system_error("the compiled module cannot be read");
  return std::move(*compiled);
}

} // namespace edgeless
