// SPDX-License-Identifier: MIT
#include "tools/report/harness/redis_child.hpp"

#include "tools/report/plan.hpp"

#include "messages/errors.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

caf::expected<std::unique_ptr<redis_child>>
redis_child::spawn(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  std::unique_ptr<redis_child> result{new redis_child};
  result->socket_ = (folder / "redis.sock").string();
  std::vector<std::string> words{"redis-server",
                                 "--port",
                                 "0",
                                 "--unixsocket",
                                 result->socket_,
                                 "--save",
                                 "",
                                 "--appendonly",
                                 "no",
                                 "--dir",
                                 folder.string(),
                                 "--logfile",
                                 (folder / "redis.log").string()};
  std::vector<char*> arguments;
  for (auto& x : words)
    arguments.push_back(x.data());
  arguments.push_back(nullptr);
  result->pid_ = fork();
  if (result->pid_ == 0) {
    // The child ends with this process, however it ends.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(arguments[0], arguments.data());
    _exit(1);
  }
  auto opened = open_redis(result->url());
  if (!opened)
    return opened.error();
  result->connection_ = std::move(*opened);
  auto deadline = clock::now() + 5s;
  while (!result->run({"PING"})) {
    if (waitpid(result->pid_, nullptr, WNOHANG) != 0) {
      result->pid_ = -1;
      return fail(ec::system_failure,
                  "redis-server is not installed, or does not start");
    }
    if (clock::now() > deadline)
      return fail(ec::unreachable, "redis-server did not reply within 5 s");
    std::this_thread::sleep_for(5ms);
  }
  return result;
}

redis_child::~redis_child() {
  if (pid_ <= 0)
    return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

caf::expected<redis_reply> redis_child::run(redis_command command) {
  auto replies = connection_->run({std::move(command)});
  if (!replies)
    return replies.error();
  if (replies->size() != 1)
    return fail(ec::unreachable, "Redis did not reply to every command");
  if (replies->front().type == redis_reply::kind::error)
    return fail(ec::unreachable, replies->front().text);
  return std::move(replies->front());
}

} // namespace edgeless::benchmark
