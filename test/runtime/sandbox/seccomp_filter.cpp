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

// Sanitizers ask the system for too much: there is no filter then.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

using namespace edgeless;

namespace {

constexpr int fine = 42;

/// What becomes of a confined process that does that: its exit code, or the
/// signal that killed it, negative.
template <class F>
int confined(F verb) {
  int wakeup = eventfd(0, 0);
  auto pid = fork();
  if (pid == 0) {
    if (!confine_to_computing(wakeup))
      _exit(1);
    verb(wakeup);
    _exit(fine);
  }
  close(wakeup);
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

} // namespace

TEST_CASE("a confined process computes, gets memory and rings") {
  CHECK(confined([](int wakeup) {
          auto* room
            = static_cast<char*>(mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
          room[5] = 1;
          mprotect(room, 1 << 20, PROT_READ);
          munmap(room, 1 << 20);
          std::uint64_t one = 1;
          if (write(wakeup, &one, sizeof(one)) != sizeof(one))
            _exit(2);
        })
        == fine);
}

TEST_CASE("a confined process that opens a file is killed") {
  CHECK(confined([](int) { open("/dev/null", O_RDONLY); }) == -SIGSYS);
}

TEST_CASE("a confined process that opens a socket is killed") {
  CHECK(confined([](int) { socket(AF_INET, SOCK_STREAM, 0); }) == -SIGSYS);
}

TEST_CASE("a confined process that starts another one is killed") {
  CHECK(confined([](int) { fork(); }) == -SIGSYS);
}

TEST_CASE("a confined process that runs a program is killed") {
  CHECK(confined([](int) {
          char name[] = "true";
          char* words[] = {name, nullptr};
          execv("/bin/true", words);
        })
        == -SIGSYS);
}

TEST_CASE("a confined process that sends signals to others is killed") {
  CHECK(confined([](int) { kill(getppid(), SIGTERM); }) == -SIGSYS);
}

TEST_CASE("a confined process that writes elsewhere is killed") {
  CHECK(confined([](int) { static_cast<void>(!write(STDERR_FILENO, "x", 1)); })
        == -SIGSYS);
}

TEST_CASE("a confined process that reads is killed") {
  CHECK(confined([](int wakeup) {
          char room[8];
          static_cast<void>(!read(wakeup, room, sizeof(room)));
        })
        == -SIGSYS);
}

TEST_CASE("a confined process gets no new code") {
  CHECK(confined([](int) {
          mmap(nullptr, 4096, PROT_READ | PROT_EXEC,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        })
        == -SIGSYS);
  CHECK(confined([](int) {
          auto* room = mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          mprotect(room, 4096, PROT_READ | PROT_EXEC);
        })
        == -SIGSYS);
}

#endif
