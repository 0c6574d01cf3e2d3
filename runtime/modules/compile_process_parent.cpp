// SPDX-License-Identifier: MIT
#include "runtime/base/child_process.hpp"
#include "runtime/base/fd.hpp"
#include "runtime/modules/compile_process.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;

// The child's descriptors, beside the answer on its standard output.
constexpr int child_source = 3;
constexpr int child_result = 4;

caf::error system_error(std::string_view what) {
  return fail(ec::system_failure,
              std::string{what} + ": " + std::strerror(errno));
}

struct child {
  pid_t pid = -1;
  file_descriptor source, result, answer;

  ~child() {
    if (pid > 0) {
      kill(pid, SIGKILL);
      reap();
    }
  }

  /// Waits for the end of the process. Its wait status; nothing if the process
  /// has already been reaped elsewhere.
  std::optional<int> reap() {
    int status = 0;
    pid_t found;
    do
      found = waitpid(pid, &status, 0);
    while (found < 0 && errno == EINTR);
    auto reaped = found == std::exchange(pid, -1);
    return reaped ? std::optional{status} : std::nullopt;
  }
};

/// Starts the child with its three descriptors and no other. Returns zero or
/// an errno value.
int spawn(const std::string& program, checks what, child& x, int answer_end) {
  child_plan plan{program,
                  {"compile", "--compile-module",
                   what == checks::none ? "none" : "interruption",
                   "/proc/self/fd/" + std::to_string(child_source),
                   "/proc/self/fd/" + std::to_string(child_result)},
                  {{answer_end, 1},
                   {x.source.get(), child_source},
                   {x.result.get(), child_result}},
                  true};
  return spawn_child(plan, x.pid);
}

caf::error start(const std::string& program, checks what,
                 std::string_view module, child& x) {
  x.source = lifted(memfd_create("module", MFD_CLOEXEC));
  x.result = lifted(memfd_create("compiled", MFD_CLOEXEC));
  int ends[2];
  if (!x.source || !x.result || pipe2(ends, O_CLOEXEC) != 0)
    return system_error("cannot create the memory files of a compile process");
  x.answer = lifted(ends[0]);
  auto answer_end = lifted(ends[1]);
  if (!x.answer || !answer_end || !write_all(x.source, module))
    return system_error("cannot create the memory files of a compile process");
  auto status = spawn(program, what, x, answer_end.get());
  if (status != 0) {
    errno = status;
    return system_error("the compile process cannot be started");
  }
  return {};
}

/// Reads the child's report until it closes its end; nothing at the deadline.
std::optional<std::string> read_report(const file_descriptor& from,
                                       clock::time_point deadline) {
  std::string result;
  for (;;) {
    auto left
      = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    if (left.count() <= 0)
      return std::nullopt;
    pollfd polled{from.get(), POLLIN, 0};
    auto ready = poll(&polled, 1, static_cast<int>(left.count()));
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

caf::error exceeds_limits(std::string_view reason) {
  return fail(ec::compile_failed, "the module cannot be compiled within the "
                                  "limits: "
                                    + std::string{reason});
}

} // namespace

caf::expected<std::string>
compile_in_child(const std::string& program, std::string_view module,
                 std::chrono::milliseconds deadline, checks what) {
  child x;
  auto end = clock::now() + deadline;
  if (auto error = start(program, what, module, x))
    return error;
  auto text = read_report(x.answer, end);
  if (!text)
    return exceeds_limits("it takes more than "
                          + std::to_string(deadline.count()) + " ms");
  auto status = x.reap();
  if (text->starts_with('-'))
    return fail(ec::bad_module, "the module is not valid: " + text->substr(1));
  if (*text != "+") {
    if (status && WIFEXITED(*status))
      return fail(ec::system_failure,
                  "the compile process exited without a report, with code "
                    + std::to_string(WEXITSTATUS(*status)));
    if (status && WTERMSIG(*status) == SIGXCPU)
      return exceeds_limits("it takes too much time");
    return exceeds_limits("it takes too much memory");
  }
  auto compiled = read_all(x.result, limits::compiled);
  if (!compiled)
    return system_error("the compiled module cannot be read");
  return std::move(*compiled);
}

} // namespace edgeless
