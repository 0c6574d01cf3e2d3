// SPDX-License-Identifier: MIT
#include "tools/loadgen/redis.hpp"

#include "tools/loadgen/limits.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <ranges>
#include <set>

namespace edgeless::benchmark {

namespace {

using kind = redis_reply::kind;

constexpr std::string_view head = "function:";
constexpr std::string_view tail = ":samples";

/// Lists that are read in one go: the answer stays well below what Redis may
/// answer.
constexpr std::size_t lists_per_run = 10;

caf::error garbled() {
  return fail(ec::unreachable, "Redis answers with something else");
}

} // namespace

caf::error collected::ping() {
  auto replies = acceptor_->run({{"PING"}});
  if (!replies)
    return replies.error();
  if (replies->size() != 1 || replies->front().type == kind::error)
    return fail(ec::unreachable, replies->empty() ? "Redis says nothing"
                                                  : replies->front().text);
  return caf::none;
}

caf::expected<std::size_t> collected::drain(
  const std::vector<std::string>& lists,
  const std::function<void(std::size_t, const std::string&)>& take) {
  std::size_t count = 0;
  auto most = std::to_string(load_limits::journal_lines);
  auto last = std::to_string(load_limits::journal_lines - 1);
  for (std::size_t from = 0; from < lists.size(); from += lists_per_run) {
    auto to = std::min(lists.size(), from + lists_per_run);
    // Whoever writes meanwhile writes behind what has been read.
    std::vector<redis_command> commands;
    for (auto i = from; i < to; ++i) {
      commands.push_back({"LRANGE", lists[i], "0", last});
      commands.push_back({"LTRIM", lists[i], most, "-1"});
    }
    auto replies = acceptor_->run(commands);
    if (!replies)
      return replies.error();
    if (replies->size() != commands.size())
      return garbled();
    for (auto i = from; i < to; ++i)
      for (auto& line : (*replies)[2 * (i - from)].items) {
        take(i, line.text);
        ++count;
      }
  }
  return count;
}

void collected::forget(const std::vector<std::string>& keys) {
  std::vector<redis_command> commands;
  for (auto& x : keys)
    commands.push_back({"DEL", x});
  if (!commands.empty())
    static_cast<void>(acceptor_->run(commands));
}

caf::expected<std::vector<std::string>> collected::sample_keys() {
  std::set<std::string> found;
  std::string cursor = "0";
  for (std::size_t round = 0; round < limits::redis_rounds; ++round) {
    auto replies = acceptor_->run(
      {{"SCAN", cursor, "MATCH", "function:*:samples", "COUNT", "1000"}});
    if (!replies)
      return replies.error();
    if (replies->size() != 1 || replies->front().items.size() != 2)
      return garbled();
    cursor = replies->front().items[0].text;
    for (auto& x : replies->front().items[1].items)
      if (x.text.starts_with(head) && x.text.ends_with(tail)
          && found.size() < load_limits::sample_keys)
        found.insert(x.text);
    if (cursor == "0")
      break;
  }
  return std::vector<std::string>{found.begin(), found.end()};
}

caf::error collected::function_samples(
  const std::function<void(const std::string&, const std::string&)>& take) {
  auto keys = sample_keys();
  if (!keys)
    return keys.error();
  for (std::size_t from = 0; from < keys->size(); from += lists_per_run) {
    auto to = std::min(keys->size(), from + lists_per_run);
    std::vector<redis_command> commands;
    for (auto i = from; i < to; ++i)
      commands.push_back(
        {"LRANGE", (*keys)[i], "0", std::to_string(limits::samples - 1)});
    auto replies = acceptor_->run(commands);
    if (!replies)
      return replies.error();
    if (replies->size() != commands.size())
      return garbled();
    for (auto i = from; i < to; ++i) {
      auto& key = (*keys)[i];
      auto id = key.substr(head.size(), key.size() - head.size() - tail.size());
      // The newest stands in front.
      for (auto& x : std::views::reverse((*replies)[i - from].items))
        take(id, x.text);
    }
  }
  return caf::none;
}

} // namespace edgeless::benchmark
