// SPDX-License-Identifier: MIT
#include "runtime/sandbox/seccomp_filter.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

// Sanitizer builds have no filter: sanitizers need more system calls.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

using namespace edgeless;

namespace {

constexpr int survived = 42;

/// Runs `action` in a confined child process. Returns its exit code, or the
/// negated signal that killed it.
template <class F>
int run_confined(F action) {
  int wakeup = eventfd(0, 0);
  auto pid = fork();
  if (pid == 0) {
    if (!confine_to_computing(wakeup))
      _exit(1);
    action(wakeup);
    _exit(survived);
  }
  close(wakeup);
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

} // namespace

TEST_CASE("seccomp filter: a confined process may compute, allocate memory and "
          "write its eventfd") {
  CHECK(run_confined([](int wakeup) {
          auto* memory
            = static_cast<char*>(mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
          memory[5] = 1;
          mprotect(memory, 1 << 20, PROT_READ);
          munmap(memory, 1 << 20);
          std::uint64_t one = 1;
          if (write(wakeup, &one, sizeof(one)) != sizeof(one))
            _exit(2);
        })
        == survived);
}

TEST_CASE("seccomp filter: opening a file kills the process") {
  CHECK(run_confined([](int) { open("/dev/null", O_RDONLY); }) == -SIGSYS);
}

TEST_CASE("seccomp filter: opening a socket kills the process") {
  CHECK(run_confined([](int) { socket(AF_INET, SOCK_STREAM, 0); }) == -SIGSYS);
}

TEST_CASE("seccomp filter: starting another process kills the process") {
  CHECK(run_confined([](int) { fork(); }) == -SIGSYS);
}

TEST_CASE("seccomp filter: executing a program kills the process") {
  CHECK(run_confined([](int) {
          char name[] = "true";
          char* words[] = {name, nullptr};
          execv("/bin/true", words);
        })
        == -SIGSYS);
}

TEST_CASE(
  "seccomp filter: sending a signal to another process kills the process") {
  CHECK(run_confined([](int) { kill(getppid(), SIGTERM); }) == -SIGSYS);
}

TEST_CASE("seccomp filter: writing to another descriptor kills the process") {
  CHECK(
    run_confined([](int) { static_cast<void>(!write(STDERR_FILENO, "x", 1)); })
    == -SIGSYS);
}

TEST_CASE("seccomp filter: reading kills the process") {
  CHECK(run_confined([](int wakeup) {
          char buffer[8];
          static_cast<void>(!read(wakeup, buffer, sizeof(buffer)));
        })
        == -SIGSYS);
}

TEST_CASE("seccomp filter: mapping executable memory kills the process") {
  CHECK(run_confined([](int) {
          mmap(nullptr, 4096, PROT_READ | PROT_EXEC,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        })
        == -SIGSYS);
  CHECK(run_confined([](int) {
          auto* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          mprotect(memory, 4096, PROT_READ | PROT_EXEC);
        })
        == -SIGSYS);
}

#endif
