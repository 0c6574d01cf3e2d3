// SPDX-License-Identifier: MIT
#include "runtime/redis/database/database_sweep.hpp"

#include "test/fixtures/memory_redis.hpp"
#include "test/fixtures/redis_server.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

namespace {

/// Keys of earlier runs, and three that stay.
std::vector<redis_command> old_keys() {
  std::vector<redis_command> result;
  for (auto key :
       {"node:capabilities:x", "nodes:capabilities:x", "node:health:x",
        "provider:x", "instance:x", "dependency:x", "domain_info:domain_id",
        "performance:function_execution_time:x", "intent:migrate:x",
        "intent:result:x", "workflow:w:average", "function:f:average",
        "edgeless:owner", "precious", "my:key"})
    result.push_back({"SET", key, "1"});
  result.push_back({"RPUSH", "intents", "intent:migrate:x"});
  return result;
}

std::size_t keys_in(redis& connection) {
  auto replies
    = connection.run({{"SCAN", "0", "MATCH", "*", "COUNT", "100000"}});
  REQUIRE(replies);
  return replies->front().items.at(1).items.size();
}

} // namespace

TEST_CASE("database sweep: flushes the database") {
  redis_server server;
  auto connection = std::move(*open_redis(server.url()));
  REQUIRE(connection->run(old_keys()));

  auto result = sweep_database(*connection);

  REQUIRE(result);
  CHECK(result->is_flushed);
  CHECK(keys_in(*connection) == 0);
}

TEST_CASE("database sweep: without FLUSHDB, deletes the own keys and counts "
          "the others") {
  redis_server server{"--rename-command", "FLUSHDB", ""};
  auto connection = std::move(*open_redis(server.url()));
  REQUIRE(connection->run(old_keys()));
  std::vector<redis_command> many;
  for (int i = 0; i < 3000; ++i)
    many.push_back({"SET", "instance:" + std::to_string(i), "1"});
  REQUIRE(connection->run(many));

  auto result = sweep_database(*connection);

  REQUIRE_MESSAGE(result, explain(result.error()));
  CHECK(!result->is_flushed);
  CHECK(result->is_complete);
  CHECK(result->deleted == 3013);
  CHECK(result->foreign == 2);
  CHECK(keys_in(*connection) == 3);
}

TEST_CASE("database sweep: FLUSHDB that an ACL forbids is replaced, too") {
  redis_server server;
  auto connection = std::move(*open_redis(server.url()));
  REQUIRE(connection->run(old_keys()));
  auto denied = connection->run({{"ACL", "SETUSER", "default", "-flushdb"}});
  REQUIRE(denied);
  REQUIRE(denied->front().type != redis_reply::kind::error);

  auto result = sweep_database(*connection);

  REQUIRE_MESSAGE(result, explain(result.error()));
  CHECK(!result->is_flushed);
  CHECK(result->deleted == 13);
}

TEST_CASE("database sweep: another refusal is an error, to be tried again") {
  auto database = std::make_shared<memory_database>();
  auto connection = database->connect();
  database->down = true;
  CHECK(!sweep_database(*connection));
}
