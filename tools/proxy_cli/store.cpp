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

/// Keys scanned or values fetched by one command.
constexpr std::size_t keys_per_page = 1000;

/// Bytes of values fetched by one command, apart from the last value.
constexpr std::size_t bytes_per_page = 8u << 20;

/// Further warnings are only counted.
constexpr std::size_t printed_warnings = 100;

/// `where` is a URL without its password, and the reason.
caf::error unreachable(const std::string& where) {
  return fail(ec::unreachable,
              "could not connect to a Redis at " + printable(where));
}

} // namespace

warnings::~warnings() {
  if (enabled_ && count_ > printed_warnings)
    std::cerr << "proxy_cli: " << count_ - printed_warnings
              << " more invalid values\n";
}

void warnings::add(const std::string& key, const std::string& what) {
  if (++count_ <= printed_warnings && enabled_)
    std::cerr << "proxy_cli: " << printable(key) << ": " << printable(what)
              << '\n';
}

caf::expected<store> store::open(const std::string& url) {
  auto where = parse_redis_url(url);
  if (!where) // An invalid URL may contain a password anywhere.
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
                  "Redis refused SCAN: " + printable(reply.text));
    if (reply.items.size() != 2 || reply.items[0].type != kind::text)
      return fail(ec::unreachable, "unexpected reply to SCAN");
    for (auto& key : reply.items[1].items)
      if (key.text.starts_with(prefix))
        result.insert(std::move(key.text));
    cursor = std::move(reply.items[0].text);
    if (result.size() > limits::mirror_keys
        || std::chrono::steady_clock::now() > end)
      return fail(ec::exhausted, "too many keys " + prefix + "* in Redis");
  } while (cursor != "0");
  return result;
}

caf::error store::visit(const std::set<std::string>& keys, warnings& broken,
                        const visitor& take) {
  auto sorted = sort_by_type(keys, broken);
  if (!sorted)
    return sorted.error();
  std::vector<std::string> batch;
  std::size_t bytes = 0;
  for (auto& [key, size] : sorted->texts) {
    batch.push_back(key);
    bytes += size;
    if (batch.size() < keys_per_page && bytes < bytes_per_page)
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

caf::expected<store::keys_by_type>
store::sort_by_type(const std::set<std::string>& keys, warnings& broken) {
  keys_by_type result;
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
      return fail(ec::exhausted, "the values in Redis are too large to load");
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
                "Redis refused MGET: " + printable(values.text));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto& value = values.items[i];
    // Keys deleted in the meantime are skipped.
    if (value.type == kind::text)
      take(keys[i], value.text);
    else if (value.type != kind::nothing)
      broken.add(keys[i], "is not a string");
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
        broken.add(keys[from + i], "is neither a string nor a sorted set");
      else if (!reply.items.empty())
        take(keys[from + i], reply.items.front().text);
    }
  }
  return caf::none;
}

} // namespace edgeless
