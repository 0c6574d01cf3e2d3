// SPDX-License-Identifier: MIT
#include "runtime/base/child_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

extern char** environ;

namespace edgeless {

namespace {

/// Descriptors of children are below this number.
constexpr int lowest_lifted_descriptor = 10;

struct spawn_attributes {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  spawn_attributes() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }

  ~spawn_attributes() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
};

} // namespace

file_descriptor lifted(int number) {
  file_descriptor original{number};
  return file_descriptor{
    fcntl(number, F_DUPFD_CLOEXEC, lowest_lifted_descriptor)};
}

int spawn_child(const child_plan& plan, pid_t& pid) {
  spawn_attributes x;
  int highest = 2;
  for (int i = 0; i <= 2; ++i)
    posix_spawn_file_actions_addopen(&x.actions, i, "/dev/null", O_RDWR, 0);
  for (auto [own, in_child] : plan.descriptors) {
    posix_spawn_file_actions_adddup2(&x.actions, own, in_child);
    highest = std::max(highest, in_child);
  }
  posix_spawn_file_actions_addclosefrom_np(&x.actions, highest + 1);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&x.attributes, &none);
  posix_spawnattr_setsigdefault(&x.attributes, &all);
  posix_spawnattr_setflags(&x.attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  auto words = plan.arguments; // posix_spawn wants mutable characters
  std::vector<char*> arguments;
  for (auto& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  char* empty_environment[] = {nullptr};
  auto status = posix_spawn(&pid, plan.program.c_str(), &x.actions,
                            &x.attributes, arguments.data(),
                            plan.environment ? environ : empty_environment);
  if (status != 0)
    pid = -1;
  return status;
}

} // namespace edgeless
