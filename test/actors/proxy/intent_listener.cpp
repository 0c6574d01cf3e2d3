// SPDX-License-Identifier: MIT
#include "actors/proxy/intent_listener.hpp"

#include "test/fixtures/actor_fixture.hpp"
#include "test/fixtures/memory_redis.hpp"

#include "messages/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// INTENT LISTENER between a double of the proxy and a Redis in memory.
struct letter_box : actor_fixture {
  letter_box() {
    proxy = spawn_double<proxy_actor>(
      [this](atom::intent, const std::string& key, const std::string& value) {
        got.push_back(key + " = " + value);
        return atom::ok_v;
      });
  }

  void open() {
    it = keep(
      intent_listener_actor{system.spawn(intents, database->opener(), proxy)});
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
  intent_listener_actor it;
  lines got;
};

} // namespace

TEST_CASE_FIXTURE(letter_box, "intents are brought from head to tail") {
  open();
  push("intent:a", "1");
  push("intent:b", "2");

  run_for(10ms);

  CHECK(got == lines{"intent:a = 1", "intent:b = 2"});
  CHECK(database->content.empty());
}

TEST_CASE_FIXTURE(letter_box, "an intent without a value is brought without") {
  open();
  database->execute({"RPUSH", "intents", "intent:a"});
  database->execute({"RPUSH", "intent:b", "a list"});
  database->execute({"RPUSH", "intents", "intent:b"});

  run_for(10ms);

  CHECK(got == lines{"intent:a = ", "intent:b = "});
  CHECK(database->content.empty());
}

TEST_CASE_FIXTURE(letter_box, "what is no intent is neither read nor deleted") {
  open();
  push("precious", "1");
  push("intent:result:f", "2");

  run_for(10ms);

  CHECK(got == lines{"precious = ", "intent:result:f = "});
  CHECK(database->content.size() == 2);
}

TEST_CASE_FIXTURE(letter_box, "of a huge value enough is read to refuse it") {
  open();
  push("intent:a", std::string(1u << 20, 'x'));

  run_for(10ms);

  REQUIRE(got.size() == 1);
  CHECK(got[0].size() == limits::intent_text + 12);
}

TEST_CASE("no intent is lost, whichever run fails before it is done") {
  for (std::uint64_t n = 0; n < 6; ++n) {
    letter_box box;
    box.database->failing_run = n;
    box.open();
    box.push("intent:a", "1");
    box.push("intent:b", "2");

    box.run_for(10s);

    auto both = letter_box::lines{"intent:a = 1", "intent:b = 2"};
    CHECK_MESSAGE(box.got == both, n);
  }
}

TEST_CASE_FIXTURE(letter_box, "the pauses between attempts are bounded") {
  database->down = true;
  open();

  run_for(60s);
  CHECK(database->runs > 12);
  CHECK(database->runs < 25);

  database->down = false;
  push("intent:a", "1");
  run_for(limits::redis_pause_max);
  CHECK(got == lines{"intent:a = 1"});
}

TEST_CASE_FIXTURE(letter_box, "a list of intents that is none does no harm") {
  open();
  database->execute({"SET", "intents", "hello"});

  auto runs = database->runs;
  run_for(10s);

  CHECK(database->runs < runs + 20);
}
