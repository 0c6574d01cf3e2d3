// SPDX-License-Identifier: MIT
#include "runtime/base/subprocess.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

extern char** environ;

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;

caf::error command_failed(const command& what, const std::string& reason) {
  return fail(ec::system_failure, what.words.front() + ": " + reason);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts)
    result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_of(const command& what) {
  std::vector<std::string> result;
  for (auto entry = environ; *entry; ++entry)
    result.emplace_back(*entry);
  for (auto& entry : what.defaults) {
    auto name = entry.substr(0, entry.find('=') + 1);
    auto same = [&](auto& x) {
      return x.starts_with(name);
    };
    if (std::ranges::none_of(result, same))
      result.push_back(entry);
  }
  return result;
}

/// Starts the program with stdout on `out` and stderr on the file `err`, or
/// inherited if that is null. Returns zero or an errno value.
int spawn(const command& what, int out, const char* err, pid_t& child) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, out, 1);
  if (err)
    posix_spawn_file_actions_addopen(&files, 2, err, O_WRONLY, 0);
  if (!what.folder.empty())
    posix_spawn_file_actions_addchdir_np(&files, what.folder.c_str());
  // The program must not inherit ignored or blocked signals.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  auto words = what.words;
  auto environment = environment_of(what);
  auto result
    = ::posix_spawnp(&child, words.front().c_str(), &files, &attributes,
                     pointers(words).data(), pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return result;
}

/// Waits for the end of a process. False at the deadline.
bool wait_for_end(pid_t child, clock::time_point deadline) {
  auto process = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  if (process < 0)
    return false;
  pollfd ended{process, POLLIN, 0};
  int ready = 0;
  do {
    auto left
      = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    ready = ::poll(&ended, 1,
                   static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  } while (ready < 0 && errno == EINTR);
  ::close(process);
  return ready > 0;
}

caf::error run_into(const command& what, std::chrono::milliseconds deadline,
                    int out, const char* err) {
  auto until = clock::now() + deadline;
  pid_t child = 0;
  if (auto reason = spawn(what, out, err, child))
    return command_failed(what, reason == ENOENT ? "is not installed"
                                                 : std::strerror(reason));
  auto in_time = wait_for_end(child, until);
  if (!in_time)
    ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    // nop
  }
  if (!in_time)
    return command_failed(what, "is not done after "
                                  + std::to_string(deadline.count()) + " ms");
  if (WIFSIGNALED(status))
    return command_failed(what, std::string{"was killed: "}
                                  + ::strsignal(WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0)
    return command_failed(what, "failed with status "
                                  + std::to_string(WEXITSTATUS(status)));
  return {};
}

} // namespace

caf::error run(const command& what, std::chrono::milliseconds deadline) {
  return run_into(what, deadline, 2, nullptr);
}

caf::expected<std::string> output_of(const command& what,
                                     std::chrono::milliseconds deadline) {
  auto memory = ::memfd_create("output", MFD_CLOEXEC);
  if (memory < 0)
    return command_failed(what, std::strerror(errno));
  auto error = run_into(what, deadline, memory, "/dev/null");
  std::string result(limits::text, '\0');
  auto size = ::pread(memory, result.data(), result.size(), 0);
  ::close(memory);
  if (error)
    return error;
  result.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return result;
}

} // namespace edgeless
