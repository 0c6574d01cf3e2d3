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
#include <cassert>
#include <cerrno>
#include <csignal>
#include <cstring>

extern char** environ;

namespace edgeless {

namespace {

using clock = std::chrono::steady_clock;

/// Descriptors of children are below this number.
constexpr int lowest_lifted_descriptor = 10;

/// posix_spawn's arguments, which it does not change though they are mutable.
std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts)
    result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

struct spawn_attributes {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t signals;

  spawn_attributes() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&signals);
  }

  ~spawn_attributes() {
    posix_spawnattr_destroy(&signals);
    posix_spawn_file_actions_destroy(&files);
  }
};

/// Waits for the end of a process. False at the deadline.
bool wait_for_end(pid_t child, clock::time_point deadline) {
  file_descriptor process{static_cast<int>(syscall(SYS_pidfd_open, child, 0))};
  if (!process)
    return false;
  pollfd ended{process.get(), POLLIN, 0};
  int ready = 0;
  do {
    auto left
      = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    ready = ::poll(&ended, 1,
                   static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

caf::error run_into(const command& what, std::chrono::milliseconds deadline,
                    std::vector<std::pair<int, int>> descriptors) {
  auto failed = [&](const std::string& reason) {
    return fail(ec::system_failure, what.words.front() + ": " + reason);
  };
  auto environment = current_environment();
  for (auto& entry : what.defaults) {
    auto name = entry.substr(0, entry.find('=') + 1);
    if (std::ranges::none_of(environment,
                             [&](auto& x) { return x.starts_with(name); }))
      environment.push_back(entry);
  }
  auto [error, status]
    = spawn_and_wait({what.words.front(), what.words, std::move(environment),
                      what.folder, std::move(descriptors)},
                     deadline);
  if (error)
    return failed(error == ENOENT ? "is not installed" : std::strerror(error));
  if (!status)
    return failed("is not done after " + std::to_string(deadline.count())
                  + " ms");
  if (WIFSIGNALED(*status))
    return failed(std::string{"was killed: "} + ::strsignal(WTERMSIG(*status)));
  if (WEXITSTATUS(*status) != 0)
    return failed("failed with status " + std::to_string(WEXITSTATUS(*status)));
  return {};
}

} // namespace

file_descriptor lifted(int number) {
  file_descriptor original{number};
  return file_descriptor{
    fcntl(number, F_DUPFD_CLOEXEC, lowest_lifted_descriptor)};
}

int spawn(const spawn_options& options, pid_t& pid) {
  assert(!options.arguments.empty());
  spawn_attributes x;
  int highest = 2;
  bool given[3] = {};
  for (auto [own, in_child] : options.descriptors) {
    assert(in_child < lowest_lifted_descriptor);
    posix_spawn_file_actions_adddup2(&x.files, own, in_child);
    highest = std::max(highest, in_child);
    if (in_child <= 2)
      given[in_child] = true;
  }
  for (int i = 0; i <= 2; ++i)
    if (!given[i])
      posix_spawn_file_actions_addopen(&x.files, i, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_addclosefrom_np(&x.files, highest + 1);
  if (!options.folder.empty())
    posix_spawn_file_actions_addchdir_np(&x.files, options.folder.c_str());
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&x.signals, &none);
  posix_spawnattr_setsigdefault(&x.signals, &all);
  posix_spawnattr_setflags(&x.signals,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  auto status = posix_spawnp(&pid, options.program.c_str(), &x.files,
                             &x.signals, pointers(options.arguments).data(),
                             pointers(options.environment).data());
  if (status != 0)
    pid = -1;
  return status;
}

run_result spawn_and_wait(const spawn_options& options,
                          std::chrono::milliseconds deadline) {
  auto until = clock::now() + deadline;
  pid_t child = -1;
  if (auto error = spawn(options, child))
    return {error, {}};
  auto in_time = wait_for_end(child, until);
  if (!in_time)
    ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    // nop
  }
  return {0, in_time ? std::optional{status} : std::nullopt};
}

std::vector<std::string> current_environment() {
  std::vector<std::string> result;
  for (auto entry = environ; *entry; ++entry)
    result.emplace_back(*entry);
  return result;
}

caf::error run(const command& what, std::chrono::milliseconds deadline) {
  return run_into(what, deadline, {{2, 1}, {2, 2}});
}

caf::expected<std::string> output_of(const command& what,
                                     std::chrono::milliseconds deadline) {
  auto memory = lifted(memfd_create("output", MFD_CLOEXEC));
  if (!memory)
    return fail(ec::system_failure,
                what.words.front() + ": " + std::strerror(errno));
  if (auto error = run_into(what, deadline, {{memory.get(), 1}}))
    return error;
  std::string result(limits::text, '\0');
  auto size = ::pread(memory.get(), result.data(), result.size(), 0);
  result.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return result;
}

} // namespace edgeless
