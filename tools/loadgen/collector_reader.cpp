// SPDX-License-Identifier: MIT
#include "tools/loadgen/collector_reader.hpp"

#include "tools/loadgen/limits.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <ranges>
#include <set>

namespace edgeless::benchmark {

namespace {

using kind = redis_reply::kind;

constexpr std::string_view key_prefix = "function:";
constexpr std::string_view key_suffix = ":samples";

/// Lists that are read in one request: its reply stays well below the limit of
/// replies.
constexpr std::size_t lists_per_run = 10;

caf::error unexpected_reply() {
  return fail(ec::unreachable, "unexpected reply from Redis");
}

} // namespace

caf::error collector_reader::ping() {
  auto replies = connection_->run({{"PING"}});
  if (!replies)
    return replies.error();
  if (replies->size() != 1 || replies->front().type == kind::error)
    return fail(ec::unreachable, replies->empty() ? "empty reply from Redis"
                                                  : replies->front().text);
  return caf::none;
}

caf::expected<std::size_t> collector_reader::drain(
  const std::vector<std::string>& lists,
  const std::function<void(std::size_t, const std::string&)>& take) {
  std::size_t count = 0;
  auto most = std::to_string(load_limits::journal_lines);
  auto last = std::to_string(load_limits::journal_lines - 1);
  for (std::size_t from = 0; from < lists.size(); from += lists_per_run) {
    auto to = std::min(lists.size(), from + lists_per_run);
    // Lines that are pushed between the two commands are behind those that were
    // read.
    std::vector<redis_command> commands;
    for (auto i = from; i < to; ++i) {
      commands.push_back({"LRANGE", lists[i], "0", last});
      commands.push_back({"LTRIM", lists[i], most, "-1"});
    }
    auto replies = connection_->run(commands);
    if (!replies)
      return replies.error();
    if (replies->size() != commands.size())
      return unexpected_reply();
    for (auto i = from; i < to; ++i)
      for (auto& line : (*replies)[2 * (i - from)].items) {
        take(i, line.text);
        ++count;
      }
  }
  return count;
}

void collector_reader::remove(const std::vector<std::string>& keys) {
  std::vector<redis_command> commands;
  for (auto& x : keys)
    commands.push_back({"DEL", x});
  if (!commands.empty())
    static_cast<void>(connection_->run(commands));
}

caf::expected<std::vector<std::string>> collector_reader::sample_keys() {
  std::set<std::string> found;
  std::string cursor = "0";
  for (std::size_t round = 0; round < limits::redis_rounds; ++round) {
    auto replies = connection_->run(
      {{"SCAN", cursor, "MATCH", "function:*:samples", "COUNT", "1000"}});
    if (!replies)
      return replies.error();
    if (replies->size() != 1 || replies->front().items.size() != 2)
      return unexpected_reply();
    cursor = replies->front().items[0].text;
    for (auto& x : replies->front().items[1].items)
      if (x.text.starts_with(key_prefix) && x.text.ends_with(key_suffix)
          && found.size() < load_limits::sample_keys)
        found.insert(x.text);
    if (cursor == "0")
      break;
  }
  return std::vector<std::string>{found.begin(), found.end()};
}

caf::error collector_reader::read_function_samples(
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
    auto replies = connection_->run(commands);
    if (!replies)
      return replies.error();
    if (replies->size() != commands.size())
      return unexpected_reply();
    for (auto i = from; i < to; ++i) {
      auto& key = (*keys)[i];
      auto id = key.substr(key_prefix.size(),
                           key.size() - key_prefix.size() - key_suffix.size());
      // The newest sample is the first of the list.
      for (auto& x : std::views::reverse((*replies)[i - from].items))
        take(id, x.text);
    }
  }
  return caf::none;
}

} // namespace edgeless::benchmark
