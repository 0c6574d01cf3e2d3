// SPDX-License-Identifier: MIT
#pragma once

#include "test/runtime/folder.hpp"

#include "runtime/wire_socket.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>
#include <string>
#include <vector>

extern char** environ;

namespace edgeless {

/// A real redis-server with a unix socket in a folder of its own, and nothing
/// else to be reached by. Ends with its test.
class redis_server {
public:
  explicit redis_server(std::initializer_list<std::string> options = {}) {
    start(options);
  }

  redis_server(const redis_server&) = delete;

  ~redis_server() {
    kill();
  }

  std::string socket() const {
    return (files_ / "redis.sock").string();
  }

  std::string url() const {
    return "unix:" + socket();
  }

  /// Returns when it takes connections.
  void start(std::initializer_list<std::string> options = {}) {
    std::vector<std::string> words{"redis-server",
                                   "--port",
                                   "0",
                                   "--unixsocket",
                                   socket(),
                                   "--daemonize",
                                   "no",
                                   "--dir",
                                   (files_ / "").string(),
                                   "--save",
                                   "",
                                   "--appendonly",
                                   "no"};
    words.insert(words.end(), options);
    std::vector<char*> arguments;
    for (auto& x : words)
      arguments.push_back(x.data());
    arguments.push_back(nullptr);
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    socket_handle said{ends[0]};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    auto error = ::posix_spawnp(&child_, arguments[0], &actions, nullptr,
                                arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    REQUIRE_MESSAGE(error == 0, "redis-server is missing: apt-get install it");
    std::string text;
    char buffer[4096];
    while (text.find("eady to accept connections") == std::string::npos) {
      auto n = ::read(said.get(), buffer, sizeof buffer);
      REQUIRE_MESSAGE(n > 0, "redis-server does not start: " << text);
      text.append(buffer, static_cast<std::size_t>(n));
    }
    output_ = std::move(said);
  }

  void signal(int number) {
    REQUIRE(::kill(child_, number) == 0);
  }

  void kill() {
    if (child_ <= 0)
      return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }

private:
  folder files_;
  pid_t child_ = -1;
  socket_handle output_; ///< kept open: it writes there
};

} // namespace edgeless
