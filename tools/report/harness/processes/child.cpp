// SPDX-License-Identifier: MIT
#include "tools/report/harness/processes/child.hpp"

#include "tools/report/harness/processes/child_main.hpp"

#include "messages/errors.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cassert>
#include <csignal>
#include <utility>

extern char** environ;

namespace edgeless::benchmark {

caf::expected<std::unique_ptr<child>>
child::spawn(const std::vector<std::string>& arguments) {
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
    return fail(ec::system_failure, "cannot make pipes");
  std::unique_ptr<child> result{new child};
  result->input_ = in[1];
  result->output_ = out[0];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  std::string name = "edgeless_benchmark";
  std::vector<char*> argv{name.data()};
  for (auto& x : arguments)
    argv.push_back(const_cast<char*>(x.c_str()));
  argv.push_back(nullptr);
  auto failed = posix_spawn(&result->pid_, "/proc/self/exe", &actions, nullptr,
                            argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  if (failed) {
    result->pid_ = -1;
    return fail(ec::system_failure, "cannot start a child process");
  }
  return result;
}

caf::expected<std::unique_ptr<child>>
child::spawn_server(const std::vector<std::string>& arguments) {
  auto result = spawn(arguments);
  if (result)
    if (auto line = (*result)->read_line(); line != "up")
      return fail(ec::system_failure, "a child did not start: " + line);
  return result;
}

caf::expected<std::unique_ptr<child>>
child::spawn_program(const std::filesystem::path& folder,
                     const std::vector<std::string>& command) {
  auto result = spawn(program_arguments(folder, command));
  if (result)
    (*result)->kill_at_end_ = true;
  return result;
}

child::~child() {
  if (kill_at_end_)
    signal(SIGKILL);
  close_input();
  if (output_ >= 0)
    close(output_);
  if (pid_ > 0)
    waitpid(pid_, nullptr, 0);
}

void child::close_input() {
  if (input_ >= 0)
    close(std::exchange(input_, -1));
}

void child::signal(int number) {
  if (pid_ > 0)
    ::kill(pid_, number);
}

bool child::is_running() {
  if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) != 0)
    pid_ = -1;
  return pid_ > 0;
}

std::string child::read_line() {
  assert(output_ >= 0);
  std::string line;
  char x;
  while (read(output_, &x, 1) == 1 && x != '\n')
    line += x;
  return line;
}

} // namespace edgeless::benchmark
