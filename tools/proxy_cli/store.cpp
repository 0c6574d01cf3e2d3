// SPDX-License-Identifier: MIT
#include "tools/proxy_cli/store.hpp"

#include "runtime/base/log.hpp"
#include "runtime/redis/redis_url.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"

#include <chrono>
#include <iostream>

namespace edgeless {

namespace {

using kind = redis_reply::kind;

/// Keys that Redis looks at, or values that it is asked for, at a time.
constexpr std::size_t keys_per_page = 1000;

/// Values that are asked for together do not exceed this much by far.
constexpr std::size_t together = 8u << 20;

/// Beyond that, warnings tell nothing new.
constexpr std::size_t printed_warnings = 100;

/// `where` is an URL without its password, and the reason.
caf::error unreachable(const std::string& where) {
  return fail(ec::unreachable,
              "could not connect to a Redis at " + printable(where));
}

} // namespace

warnings::~warnings() {
  if (loud_ && count_ > printed_warnings)
    std::cerr << "proxy_cli: " << count_ - printed_warnings
              << " more broken values\n";
}

void warnings::add(const std::string& key, const std::string& what) {
  if (++count_ <= printed_warnings && loud_)
    std::cerr << "proxy_cli: " << printable(key) << ": " << printable(what)
              << '\n';
}

caf::expected<store> store::open(const std::string& url) {
  auto where = parse_redis_url(url);
  if (!where) // There may be a password somewhere in it.
    return unreachable(
      (url.find_first_of("@?") == std::string::npos ? url : "that URL") + ": "
      + explain(where.error()));
  auto connection = open_redis(url);
  if (!connection)
    return unreachable(to_string(*where) + ": " + explain(connection.error()));
  store result{std::move(*connection)};
  auto pong = result.run({{"PING"}});
  if (!pong)
    return pong.error();
  if (pong->front().type == kind::error)
    return unreachable(to_string(*where) + ": " + pong->front().text);
  return result;
}

caf::expected<std::vector<redis_reply>>
store::run(const std::vector<redis_command>& commands) {
  auto replies = redis_->run(commands);
  if (!replies)
    return unreachable(explain(replies.error()));
  if (replies->size() != commands.size())
    return fail(ec::unreachable, "Redis does not answer what it was asked");
  return replies;
}

caf::expected<std::set<std::string>> store::keys(const std::string& prefix) {
  std::set<std::string> result;
  std::string cursor = "0";
  auto end = std::chrono::steady_clock::now() + limits::client;
  do {
    auto replies = run({{"SCAN", cursor, "MATCH", prefix + "*", "COUNT",
                         std::to_string(keys_per_page)}});
    if (!replies)
      return replies.error();
    auto& reply = replies->front();
    if (reply.type == kind::error)
      return fail(ec::unreachable,
                  "Redis refuses to list its keys: " + printable(reply.text));
    if (reply.items.size() != 2 || reply.items[0].type != kind::text)
      return fail(ec::unreachable, "Redis does not list its keys");
    for (auto& key : reply.items[1].items)
      if (key.text.starts_with(prefix))
        result.insert(std::move(key.text));
    cursor = std::move(reply.items[0].text);
    if (result.size() > limits::mirror_keys
        || std::chrono::steady_clock::now() > end)
      return fail(ec::exhausted, "Redis has no end of keys " + prefix + "*");
  } while (cursor != "0");
  return result;
}

caf::error store::visit(const std::set<std::string>& keys, warnings& broken,
                        const visitor& take) {
  auto sorted = sort_out(keys, broken);
  if (!sorted)
    return sorted.error();
  std::vector<std::string> batch;
  std::size_t bytes = 0;
  for (auto& [key, size] : sorted->texts) {
    batch.push_back(key);
    bytes += size;
    if (batch.size() < keys_per_page && bytes < together)
      continue;
    if (auto problem = visit_texts(batch, broken, take))
      return problem;
    batch.clear();
    bytes = 0;
  }
  if (auto problem = visit_texts(batch, broken, take))
    return problem;
  return visit_newest(sorted->others, broken, take);
}

caf::expected<store::sorted_keys>
store::sort_out(const std::set<std::string>& keys, warnings& broken) {
  sorted_keys result;
  std::size_t bytes = 0;
  for (auto i = keys.begin(); i != keys.end();) {
    auto first = i;
    std::vector<redis_command> commands;
    for (; i != keys.end() && commands.size() < keys_per_page; ++i)
      commands.push_back({"STRLEN", *i});
    auto sizes = run(commands);
    if (!sizes)
      return sizes.error();
    for (auto& x : *sizes) {
      auto& key = *first++;
      if (x.type != kind::number) {
        result.others.push_back(key);
      } else if (x.number < 0
                 || x.number > static_cast<std::int64_t>(limits::payload)) {
        broken.add(key, "is too large");
      } else {
        auto size = static_cast<std::size_t>(x.number);
        result.texts.emplace_back(key, size);
        bytes += size;
      }
    }
    if (bytes > limits::mirror_bytes)
      return fail(ec::exhausted, "Redis holds more than can be looked at");
  }
  return result;
}

caf::error store::visit_texts(const std::vector<std::string>& keys,
                              warnings& broken, const visitor& take) {
  if (keys.empty())
    return caf::none;
  redis_command command{"MGET"};
  command.insert(command.end(), keys.begin(), keys.end());
  auto replies = run({command});
  if (!replies)
    return replies.error();
  auto& values = replies->front();
  if (values.items.size() != keys.size())
    return fail(ec::unreachable,
                "Redis does not give its values: " + printable(values.text));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto& value = values.items[i];
    // What is gone by now is not there anymore.
    if (value.type == kind::text)
      take(keys[i], value.text);
    else if (value.type != kind::nothing)
      broken.add(keys[i], "is no text");
  }
  return caf::none;
}

caf::error store::visit_newest(const std::vector<std::string>& keys,
                               warnings& broken, const visitor& take) {
  for (std::size_t from = 0; from < keys.size(); from += keys_per_page) {
    std::vector<redis_command> commands;
    for (auto i = from; i < keys.size() && i < from + keys_per_page; ++i)
      commands.push_back({"ZREVRANGE", keys[i], "0", "0"});
    auto replies = run(commands);
    if (!replies)
      return replies.error();
    for (std::size_t i = 0; i < commands.size(); ++i) {
      auto& reply = (*replies)[i];
      if (reply.type == kind::error)
        broken.add(keys[from + i], "is neither a text nor a sorted set");
      else if (!reply.items.empty())
        take(keys[from + i], reply.items.front().text);
    }
  }
  return caf::none;
}

} // namespace edgeless
