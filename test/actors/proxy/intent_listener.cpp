// SPDX-License-Identifier: MIT
#include "actors/proxy/intent_listener.hpp"

#include "test/fixtures/actor_fixture.hpp"
#include "test/fixtures/memory_redis.hpp"

#include "messages/limits.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// An intent listener with a double of the proxy and a Redis in memory.
struct intent_listener_fixture : actor_fixture {
  intent_listener_fixture() {
    proxy = spawn_double<proxy_actor>(
      [this](atom::intent, const std::string& key, const std::string& value) {
        received.push_back(key + " = " + value);
        return atom::ok_v;
      });
  }

  void open() {
    subject = keep(intent_listener_actor{
      system.spawn(intent_listener, database->opener(), proxy)});
    run_until_idle();
  }

  void push(const std::string& key, const std::string& value) {
    database->execute({"SET", key, value});
    database->execute({"RPUSH", "intents", key});
  }

  using lines = std::vector<std::string>;

  std::shared_ptr<memory_database> database
    = std::make_shared<memory_database>();
  proxy_actor proxy;
  intent_listener_actor subject;
  lines received;
};

} // namespace

TEST_CASE_FIXTURE(intent_listener_fixture,
                  "intent listener: takes intents in the order of the list") {
  open();
  push("intent:a", "1");
  push("intent:b", "2");

  run_for(10ms);

  CHECK(received == lines{"intent:a = 1", "intent:b = 2"});
  CHECK(database->content.empty());
}

TEST_CASE_FIXTURE(
  intent_listener_fixture,
  "intent listener: an intent whose value does not come has an empty one") {
  open();
  database->execute({"RPUSH", "intents", "intent:a"});
  database->execute({"RPUSH", "intent:b", "a list"});
  database->execute({"RPUSH", "intents", "intent:b"});

  run_for(500ms);
  CHECK(received == lines{"intent:b = "});

  run_for(limits::intent_value);
  CHECK(received == lines{"intent:b = ", "intent:a = "});
  CHECK(database->content.empty());
}

TEST_CASE_FIXTURE(
  intent_listener_fixture,
  "intent listener: waits for a value that is written after its key was "
  "pushed, and others pass it") {
  open();
  database->execute({"RPUSH", "intents", "intent:a"});
  push("intent:b", "2");
  run_for(100ms);
  CHECK(received == lines{"intent:b = 2"});

  database->execute({"SET", "intent:a", "1"});
  run_for(100ms);

  CHECK(received == lines{"intent:b = 2", "intent:a = 1"});
  CHECK(database->content.empty());
}

TEST_CASE_FIXTURE(intent_listener_fixture,
                  "intent listener: keys without a value are waited for "
                  "together") {
  for (std::size_t k = 0; k < 3 * limits::intents; ++k)
    database->execute({"RPUSH", "intents", "intent:" + std::to_string(k)});
  push("intent:other", "1");
  open();

  run_for(limits::intent_value - 100ms);
  CHECK(received.empty()); // as many as there may be are waited for
  run_for(2 * limits::intent_value + 500ms);

  CHECK(std::ranges::count(received, "intent:other = 1") == 1);
  run_for(2 * limits::intent_value);
  CHECK(received.size() == 3 * limits::intents + 1);
}

TEST_CASE_FIXTURE(
  intent_listener_fixture,
  "intent listener: neither reads nor deletes a key that is no intent") {
  open();
  push("precious", "1");
  push("intent:result:f", "2");

  run_for(10ms);

  CHECK(received == lines{"precious = ", "intent:result:f = "});
  CHECK(database->content.size() == 2);
}

TEST_CASE_FIXTURE(intent_listener_fixture,
                  "intent listener: reads a huge value only up to the limit") {
  open();
  push("intent:a", std::string(1u << 20, 'x'));

  run_for(10ms);

  REQUIRE(received.size() == 1);
  CHECK(received[0].size() == limits::intent_text + 12);
}

TEST_CASE("intent listener: no intent is lost when any single run fails") {
  for (std::uint64_t n = 0; n < 9; ++n) {
    intent_listener_fixture x;
    x.database->failing_run = n;
    x.open();
    x.push("intent:a", "1");
    x.push("intent:b", "2");

    x.run_for(10s);

    auto both = intent_listener_fixture::lines{"intent:a = 1", "intent:b = 2"};
    CHECK_MESSAGE(x.received == both, n);
  }
}

TEST_CASE_FIXTURE(intent_listener_fixture,
                  "intent listener: the back-off grows and is bounded") {
  database->down = true;
  open();

  run_for(60s);
  CHECK(database->runs > 12);
  CHECK(database->runs < 25);

  database->down = false;
  push("intent:a", "1");
  run_for(limits::redis_pause_max);
  CHECK(received == lines{"intent:a = 1"});
}

TEST_CASE_FIXTURE(
  intent_listener_fixture,
  "intent listener: a key `intents` of another type does no harm") {
  open();
  database->execute({"SET", "intents", "hello"});

  auto runs = database->runs;
  run_for(10s);

  CHECK(database->runs < runs + 20);
}

TEST_CASE_FIXTURE(intent_listener_fixture,
                  "intent listener: does not wait for the value of a drain") {
  database->execute({"RPUSH", "intents", "intent:drain:x"});

  open();

  CHECK(received == lines{"intent:drain:x = "});
}
