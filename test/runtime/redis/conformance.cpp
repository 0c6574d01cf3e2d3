// SPDX-License-Identifier: MIT
#include "test/fixtures/memory_redis.hpp"
#include "test/fixtures/redis_server.hpp"

#include "runtime/redis/client.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

#include <algorithm>

/// The commands that the runtime uses, on a real server and on the in-memory
/// double of other tests: both must behave alike.
using namespace edgeless;

namespace {

using kind = redis_reply::kind;

struct real {
  redis_server server;
  std::unique_ptr<redis> connection = std::move(*open_redis(server.url()));
};

struct memory {
  std::shared_ptr<memory_database> database
    = std::make_shared<memory_database>();
  std::unique_ptr<redis> connection = database->connect();
};

template <class T>
struct harness : T {
  redis_reply ask(redis_command x) {
    auto result = this->connection->run({std::move(x)});
    REQUIRE_MESSAGE(result, explain(result.error()));
    REQUIRE(result->size() == 1);
    return result->front();
  }

  std::string text(redis_command x) {
    auto result = ask(std::move(x));
    CHECK(result.type == kind::text);
    return result.text;
  }

  std::int64_t number(redis_command x) {
    auto result = ask(std::move(x));
    CHECK(result.type == kind::number);
    return result.number;
  }

  std::vector<std::string> list(redis_command x) {
    auto result = ask(std::move(x));
    CHECK(result.type == kind::list);
    std::vector<std::string> texts;
    for (auto& y : result.items)
      texts.push_back(y.text);
    return texts;
  }
};

using texts = std::vector<std::string>;

} // namespace

TEST_CASE_TEMPLATE("redis conformance: a string is set, replaced and deleted",
                   T, real, memory) {
  harness<T> x;

  CHECK(x.text({"PING"}) == "PONG");
  CHECK(x.text({"SET", "a", std::string{"\0\r\n1", 4}}) == "OK");
  CHECK(x.text({"GET", "a"}) == std::string{"\0\r\n1", 4});
  CHECK(x.text({"SET", "a", "2"}) == "OK");
  CHECK(x.text({"GET", "a"}) == "2");
  CHECK(x.number({"EXISTS", "a"}) == 1);
  CHECK(x.number({"DEL", "a", "b"}) == 1);
  CHECK(x.number({"EXISTS", "a"}) == 0);
  CHECK(x.ask({"GET", "a"}).type == kind::nothing);
}

TEST_CASE_TEMPLATE("redis conformance: a range of a string is read", T, real,
                   memory) {
  harness<T> x;
  x.text({"SET", "a", "0123456"});

  CHECK(x.text({"GETRANGE", "a", "0", "3"}) == "0123");
  CHECK(x.text({"GETRANGE", "a", "0", "99"}) == "0123456");
  CHECK(x.text({"GETRANGE", "missing", "0", "99"}) == "");
}

TEST_CASE_TEMPLATE("redis conformance: SET NX writes a missing key only", T,
                   real, memory) {
  harness<T> x;

  CHECK(x.text({"SET", "a", "1", "EX", "15", "NX"}) == "OK");
  CHECK(x.number({"TTL", "a"}) == 15);
  CHECK(x.ask({"SET", "a", "2", "EX", "99", "NX"}).type == kind::nothing);
  CHECK(x.text({"GET", "a"}) == "1");
  CHECK(x.number({"EXPIRE", "a", "20"}) == 1);
  CHECK(x.number({"TTL", "a"}) == 20);
  CHECK(x.number({"EXPIRE", "missing", "20"}) == 0);
}

TEST_CASE_TEMPLATE("redis conformance: a sorted set is ordered by score", T,
                   real, memory) {
  harness<T> x;

  CHECK(x.number({"ZADD", "z", "2.5", "b", "1", "c", "3", "a"}) == 3);
  CHECK(x.number({"ZADD", "z", "4", "b"}) == 0);
  CHECK(x.list({"ZRANGE", "z", "0", "-1"}) == texts{"c", "a", "b"});
  CHECK(x.list({"ZREVRANGE", "z", "0", "0"}) == texts{"b"});
  CHECK(x.number({"ZREMRANGEBYRANK", "z", "0", "-3"}) == 1);
  CHECK(x.list({"ZRANGE", "z", "0", "-1"}) == texts{"a", "b"});
  CHECK(x.number({"ZREMRANGEBYRANK", "z", "0", "-3"}) == 0);
  CHECK(x.number({"ZREMRANGEBYRANK", "z", "0", "-1"}) == 2);
  CHECK(x.number({"EXISTS", "z"}) == 0);
  CHECK(x.number({"ZREMRANGEBYRANK", "missing", "0", "-1"}) == 0);
  x.text({"SET", "text", "1"});
  CHECK(x.ask({"ZADD", "text", "1", "a"}).type == kind::error);
}

TEST_CASE_TEMPLATE("redis conformance: TTL tells when a key expires", T, real,
                   memory) {
  harness<T> x;
  x.text({"SET", "a", "1", "EX", "600"});
  x.text({"SET", "b", "1"});

  CHECK(x.number({"TTL", "a"}) == 600);
  CHECK(x.number({"TTL", "b"}) == -1);
  CHECK(x.number({"TTL", "missing"}) == -2);
}

TEST_CASE_TEMPLATE(
  "redis conformance: a list grows at both ends and is trimmed", T, real,
  memory) {
  harness<T> x;

  CHECK(x.number({"RPUSH", "l", "2", "3", "4"}) == 3);
  CHECK(x.number({"LPUSH", "l", "1", "0"}) == 5);
  CHECK(x.list({"LRANGE", "l", "0", "-1"}) == texts{"0", "1", "2", "3", "4"});
  CHECK(x.list({"LRANGE", "l", "0", "1"}) == texts{"0", "1"});
  CHECK(x.text({"LTRIM", "l", "-2", "-1"}) == "OK");
  CHECK(x.list({"LRANGE", "l", "0", "-1"}) == texts{"3", "4"});
  CHECK(x.text({"LTRIM", "l", "0", "0"}) == "OK");
  CHECK(x.number({"LLEN", "l"}) == 1);
  CHECK(x.text({"LTRIM", "l", "1", "5"}) == "OK");
  CHECK(x.number({"EXISTS", "l"}) == 0);
  CHECK(x.text({"LTRIM", "missing", "0", "5"}) == "OK");
  CHECK(x.number({"LLEN", "missing"}) == 0);
}

TEST_CASE_TEMPLATE("redis conformance: BLPOP empties a list from its head", T,
                   real, memory) {
  harness<T> x;
  x.number({"RPUSH", "l", "1", "2"});

  CHECK(x.list({"BLPOP", "l", "1"}) == texts{"l", "1"});
  CHECK(x.list({"BLPOP", "l", "1"}) == texts{"l", "2"});
  CHECK(x.ask({"BLPOP", "l", "0.01"}).type == kind::nothing);
  CHECK(x.number({"EXISTS", "l"}) == 0);
}

TEST_CASE_TEMPLATE("redis conformance: a command on another type is an error",
                   T, real, memory) {
  harness<T> x;
  x.text({"SET", "text", "1"});
  x.number({"RPUSH", "list", "1"});

  for (auto& command :
       std::vector<redis_command>{{"RPUSH", "text", "2"},
                                  {"LPUSH", "text", "2"},
                                  {"LTRIM", "text", "0", "1"},
                                  {"LRANGE", "text", "0", "1"},
                                  {"BLPOP", "text", "0.01"},
                                  {"GET", "list"},
                                  {"GETRANGE", "list", "0", "1"},
                                  {"UNKNOWN", "list"}})
    CHECK_MESSAGE(x.ask(command).type == kind::error, command[0]);
  CHECK(x.text({"SET", "list", "1"}) == "OK");
}

TEST_CASE_TEMPLATE("redis conformance: SCAN finds all keys", T, real, memory) {
  harness<T> x;
  std::vector<redis_command> commands;
  for (int i = 0; i < 500; ++i)
    commands.push_back({"SET", "node:" + std::to_string(i), "1"});
  commands.push_back({"SET", "other", "1"});
  REQUIRE(x.connection->run(commands));

  std::vector<std::string> found;
  std::string cursor = "0";
  do {
    auto reply = x.ask({"SCAN", cursor, "MATCH", "node:*", "COUNT", "100"});
    REQUIRE(reply.items.size() == 2);
    cursor = reply.items[0].text;
    for (auto& y : reply.items[1].items)
      found.push_back(y.text);
  } while (cursor != "0");

  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  CHECK(found.size() == 500);
}

TEST_CASE_TEMPLATE(
  "redis conformance: a run replies to each command, also after an error", T,
  real, memory) {
  harness<T> x;

  auto replies = x.connection->run({{"SET", "a", "1"},
                                    {"RPUSH", "a", "2"},
                                    {"GET", "a"},
                                    {"FLUSHDB"},
                                    {"EXISTS", "a"}});

  REQUIRE(replies);
  REQUIRE(replies->size() == 5);
  CHECK((*replies)[1].type == kind::error);
  CHECK((*replies)[2].text == "1");
  CHECK((*replies)[4].number == 0);
}
