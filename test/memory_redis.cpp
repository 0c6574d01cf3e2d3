// SPDX-License-Identifier: MIT
#include "test/memory_redis.hpp"

#include "messages/errors.hpp"

#include <fnmatch.h>

namespace edgeless {

namespace {

using kind = redis_reply::kind;

redis_reply text_reply(std::string x) {
  return {kind::text, std::move(x), 0, {}};
}

redis_reply number_reply(std::size_t x) {
  return {kind::number, "", static_cast<std::int64_t>(x), {}};
}

redis_reply list_reply(std::vector<redis_reply> x) {
  return {kind::list, "", 0, std::move(x)};
}

redis_reply error_reply(std::string x) {
  return {kind::error, std::move(x), 0, {}};
}

redis_reply wrong_type() {
  return error_reply(
    "WRONGTYPE Operation against a key holding the wrong kind of value");
}

class connection : public redis {
public:
  explicit connection(std::shared_ptr<memory_database> x) : all_{std::move(x)} {
    // nop
  }

  caf::expected<std::vector<redis_reply>>
  run(const std::vector<redis_command>& commands,
      std::chrono::milliseconds) override {
    auto number = all_->runs++;
    std::vector<redis_reply> result;
    for (auto& x : commands) {
      if (all_->down
          || (all_->failing_run == number
              && result.size() >= all_->done_of_failing))
        return fail(ec::unreachable, "redis: it has hung up");
      result.push_back(all_->execute(x));
    }
    if (all_->failing_run == number)
      return fail(ec::unreachable, "redis: it has hung up");
    return result;
  }

private:
  std::shared_ptr<memory_database> all_;
};

/// From `first` to `last`, negative ones from the end, as Redis counts.
std::pair<std::size_t, std::size_t>
range(const std::string& first, const std::string& last, std::size_t size) {
  auto count = static_cast<long>(size);
  auto from = std::stol(first);
  auto to = std::stol(last);
  from = std::max(from < 0 ? from + count : from, 0l);
  to = std::min((to < 0 ? to + count : to) + 1, count);
  if (from >= to)
    return {0, 0};
  return {static_cast<std::size_t>(from), static_cast<std::size_t>(to)};
}

} // namespace

std::unique_ptr<redis> memory_database::connect() {
  return std::make_unique<connection>(shared_from_this());
}

redis_opener memory_database::opener() {
  return
    [self = shared_from_this()]() -> caf::expected<std::unique_ptr<redis>> {
      return self->connect();
    };
}

std::string memory_database::text(const std::string& key) const {
  auto i = content.find(key);
  auto* x = i == content.end() ? nullptr : std::get_if<std::string>(&i->second);
  return x == nullptr ? "" : *x;
}

memory_database::list memory_database::items(const std::string& key) const {
  auto i = content.find(key);
  auto* x = i == content.end() ? nullptr : std::get_if<list>(&i->second);
  return x == nullptr ? list{} : *x;
}

redis_reply memory_database::execute(const redis_command& x) {
  journal.push_back(x);
  auto& name = x.at(0);
  if (name == "PING")
    return text_reply("PONG");
  if (name == "FLUSHDB") {
    content.clear();
    expiry.clear();
    return text_reply("OK");
  }
  if (name == "SCAN")
    return scan(x);
  if (name == "DEL" || name == "EXISTS") {
    std::size_t count = 0;
    for (std::size_t i = 1; i < x.size(); ++i) {
      count += content.count(x[i]);
      if (name == "DEL") {
        content.erase(x[i]);
        expiry.erase(x[i]);
      }
    }
    return number_reply(count);
  }
  auto& key = x.at(1);
  if (name == "SET") {
    content[key] = x.at(2);
    expiry.erase(key);
    if (x.size() == 5 && x[3] == "EX")
      expiry[key] = std::stol(x[4]);
    return text_reply("OK");
  }
  if (name == "EXPIRE") {
    if (content.contains(key))
      expiry[key] = std::stol(x.at(2));
    return number_reply(content.count(key));
  }
  if (name == "TTL") {
    if (expiry.contains(key))
      return {kind::number, "", expiry[key], {}};
    return {kind::number, "", content.contains(key) ? -1 : -2, {}};
  }
  if (name == "GET" || name == "GETRANGE") {
    auto i = content.find(key);
    if (i == content.end())
      return name == "GET" ? redis_reply{} : text_reply("");
    auto* value = std::get_if<std::string>(&i->second);
    if (value == nullptr)
      return wrong_type();
    if (name == "GET")
      return text_reply(*value);
    auto [from, to] = range(x.at(2), x.at(3), value->size());
    return text_reply(value->substr(from, to - from));
  }
  return execute_list(x);
}

redis_reply memory_database::execute_list(const redis_command& x) {
  auto& name = x.at(0);
  auto& key = x.at(1);
  auto i = content.find(key);
  auto here = i != content.end();
  if (here && !std::holds_alternative<list>(i->second))
    return wrong_type();
  if (name == "RPUSH" || name == "LPUSH") {
    if (!here)
      i = content.emplace(key, list{}).first;
    auto& all = std::get<list>(i->second);
    for (std::size_t k = 2; k < x.size(); ++k)
      name == "RPUSH" ? all.push_back(x[k]) : all.push_front(x[k]);
    return number_reply(all.size());
  }
  if (name == "LLEN")
    return number_reply(here ? std::get<list>(i->second).size() : 0);
  if (name == "BLPOP") {
    if (hasty)
      return error_reply("ERR not here");
    if (!here)
      return {};
    auto& all = std::get<list>(i->second);
    auto result = list_reply({text_reply(key), text_reply(all.front())});
    all.pop_front();
    if (all.empty())
      content.erase(i);
    return result;
  }
  if (name != "LRANGE" && name != "LTRIM")
    return error_reply("ERR unknown command '" + name + "'");
  auto all = here ? std::get<list>(i->second) : list{};
  auto [from, to] = range(x.at(2), x.at(3), all.size());
  std::vector<redis_reply> result;
  for (auto k = from; k < to; ++k)
    result.push_back(text_reply(all[k]));
  if (name == "LRANGE")
    return list_reply(std::move(result));
  if (here && result.empty())
    content.erase(i);
  else if (here)
    i->second = list(all.begin() + static_cast<long>(from),
                     all.begin() + static_cast<long>(to));
  return text_reply("OK");
}

/// SCAN CURSOR MATCH PATTERN COUNT N: the cursor is a place in the order of
/// the keys, which is honest enough while nobody writes.
redis_reply memory_database::scan(const redis_command& x) const {
  auto from = std::stoul(x.at(1));
  auto count = std::stoul(x.at(5));
  std::vector<redis_reply> found;
  auto i = content.begin();
  std::advance(i, std::min(from, content.size()));
  for (std::size_t n = 0; n < count && i != content.end(); ++n, ++i)
    if (::fnmatch(x.at(3).c_str(), i->first.c_str(), 0) == 0)
      found.push_back(text_reply(i->first));
  auto next = i == content.end() ? "0" : std::to_string(from + count);
  return list_reply({text_reply(next), list_reply(std::move(found))});
}

} // namespace edgeless
