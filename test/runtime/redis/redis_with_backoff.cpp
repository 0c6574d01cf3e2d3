// SPDX-License-Identifier: MIT
#include "runtime/redis/redis_with_backoff.hpp"

#include "test/fixtures/memory_redis.hpp"

#include "messages/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

struct backoff_fixture {
  std::shared_ptr<memory_database> database
    = std::make_shared<memory_database>();
  redis_with_backoff redis{database->connect()};

  bool ping(caf::timespan now) {
    return static_cast<bool>(redis.run({{"PING"}}, now));
  }
};

} // namespace

TEST_CASE_FIXTURE(backoff_fixture,
                  "redis_with_backoff: a working server is used each time") {
  for (int i = 0; i < 10; ++i)
    CHECK(ping(0s));

  CHECK(database->runs == 10);
}

TEST_CASE_FIXTURE(
  backoff_fixture,
  "redis_with_backoff: each failure doubles the back-off up to its limit") {
  database->down = true;
  CHECK(!ping(0s));
  CHECK(!ping(limits::redis_pause_min - 1ns));
  CHECK(database->runs == 1);
  CHECK(!ping(limits::redis_pause_min));
  CHECK(!ping(limits::redis_pause_min * 2));
  CHECK(database->runs == 2);

  for (int i = 1; i < 100; ++i)
    ping(i * limits::redis_pause_max);
  CHECK(database->runs == 101);
}

TEST_CASE_FIXTURE(backoff_fixture,
                  "redis_with_backoff: a success resets the back-off") {
  database->down = true;
  CHECK(!ping(0s));
  database->down = false;
  CHECK(ping(1s));
  database->down = true;
  CHECK(!ping(2s));
  database->down = false;

  CHECK(ping(2s + limits::redis_pause_min));
}
