// SPDX-License-Identifier: MIT
#include "tools/report/harness/processes/redis_child.hpp"

#include "tools/report/plan.hpp"

#include "messages/errors.hpp"

namespace edgeless::benchmark {

using namespace std::chrono_literals;

caf::expected<std::unique_ptr<redis_child>>
redis_child::spawn(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  auto result = std::make_unique<redis_child>();
  result->socket_ = (folder / "redis.sock").string();
  auto process = child::spawn_program(
    folder, {"redis-server", "--port", "0", "--unixsocket", result->socket_,
             "--save", "", "--appendonly", "no", "--dir", folder.string()});
  if (!process)
    return process.error();
  result->process_ = std::move(*process);
  auto opened = open_redis(result->url());
  if (!opened)
    return opened.error();
  result->connection_ = std::move(*opened);
  auto ended = false;
  auto replies = wait_until(5s, [&] {
    ended = !result->process_->is_running();
    return ended || result->run({"PING"});
  });
  if (ended)
    return fail(ec::system_failure,
                "redis-server is not installed, or does not start");
  if (!replies)
    return fail(ec::unreachable, "redis-server did not reply within 5 s");
  return result;
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
