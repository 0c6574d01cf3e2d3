// SPDX-License-Identifier: MIT
#include "test/actors/proxy/proxy_fixture.hpp"

#include "runtime/redis/mirror_values.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;
using namespace std::string_literals;

namespace {

const std::string intent_of = "intent:migrate:";

} // namespace

// -- the mirror ---------------------------------------------------------------

TEST_CASE_FIXTURE(proxy_fixture, "proxy: flushes the database once, at start") {
  database->execute({"SET", "old", "1"});

  open();
  CHECK(size() == 0);

  database->execute({"SET", "foreign", "1"});
  database->down = true;
  join();
  database->down = false;
  run_for(10s);
  CHECK(count("FLUSHDB") == 1);
  CHECK(database->text("foreign") == "1");
}

TEST_CASE_FIXTURE(proxy_fixture,
                  "proxy: flushes a Redis that becomes reachable late") {
  database->down = true;
  open();
  join();
  database->down = false;
  database->execute({"SET", "old", "1"});

  run_for(10s);

  CHECK(count("FLUSHDB") == 1);
  CHECK(database->text("old") == "");
  CHECK(mirrored().size() == 3);
}

TEST_CASE_FIXTURE(proxy_fixture, "proxy: writes a change at once") {
  open();

  auto component = host();
  auto at = move(component.id);

  CHECK(mirrored().at("instance:" + to_string(component.id))
        == json_of(component, at));
}

TEST_CASE_FIXTURE(proxy_fixture,
                  "proxy: writes changes that arrive together in one run") {
  open();
  auto runs = database->runs;

  for (int i = 0; i < 100; ++i) {
    component_spec x;
    x.id = any<logical_id>();
    caf::anon_send(subject, atom::host_v, x);
  }
  run_until_idle();

  CHECK(mirrored().size() == 100);
  CHECK(database->runs == runs + 1);
}

TEST_CASE_FIXTURE(
  proxy_fixture,
  "proxy: writes a flushed mirror again within a keep-alive interval") {
  open();
  join();
  auto before = mirrored();
  database->execute({"FLUSHDB"});

  tell(subject, atom::tick_v);

  CHECK(mirrored() == before);
}

TEST_CASE_FIXTURE(proxy_fixture,
                  "proxy: restores any single key that was deleted") {
  open();
  join();
  host();
  auto before = mirrored();

  for (auto& [key, value] : before) {
    database->execute({"DEL", key});
    REQUIRE(mirrored() != before);
    tell(subject, atom::tick_v);
    CHECK(mirrored() == before);
  }
}

TEST_CASE_FIXTURE(proxy_fixture,
                  "proxy: does not write an intact mirror again") {
  open();
  join();
  auto sets = count("SET");

  tell(subject, atom::tick_v);
  tell(subject, atom::tick_v);

  CHECK(count("SET") == sets);
  CHECK(count("EXISTS") == 2);
}

TEST_CASE_FIXTURE(proxy_fixture, "proxy: checks an empty domain with PING") {
  open();

  tell(subject, atom::tick_v);

  CHECK(count("PING") == 1);
}

TEST_CASE_FIXTURE(
  proxy_fixture,
  "proxy: removes stale keys after an outage and leaves foreign keys alone") {
  open();
  auto node = join();
  auto component = host();
  auto at = move(component.id);
  sample(node.id, at.instance, 3);
  database->execute({"SET", "foreign", "1"});
  database->execute({"SET", "node:health:unknown", "1"});
  database->down = true;

  tell(subject, atom::lost_v, node.id);
  auto now = move(component.id);
  database->down = false;
  run_for(10s);

  std::map<std::string, std::string> expected{
    {"instance:" + to_string(component.id), json_of(component, now)},
    {"foreign", "1"}};
  CHECK(mirrored() == expected);
  CHECK(size() == 2);
}

TEST_CASE_FIXTURE(
  proxy_fixture,
  "proxy: the mirror converges when any run fails at any command") {
  std::map<std::string, std::string> expected;
  std::uint64_t runs = 0;
  auto script = [this] {
    random = [generator = std::make_shared<std::mt19937_64>(7)] {
      return (*generator)();
    };
    open();
    auto first = join();
    auto second = join();
    auto component = host();
    auto other = host();
    auto at = move(component.id);
    sample(first.id, at.instance, 10);
    move(component.id);
    tell(subject, atom::lost_v, first.id);
    tell(subject, atom::tick_v);
    tell(subject, atom::drop_v, other.id);
    database->execute({"FLUSHDB"});
    tell(subject, atom::tick_v);
    sample(second.id, at.instance, 10);
    run_for(1s);
    tell(subject, atom::stop_v);
  };
  script();
  expected = mirrored();
  runs = database->runs;
  REQUIRE(expected.size() == 5);
  REQUIRE(runs > 10);

  for (std::uint64_t n = 0; n < 20; ++n)
    for (std::size_t done : {0, 1, 1000}) {
      database = std::make_shared<memory_database>();
      database->failing_run = n;
      database->done_of_failing = done;
      script();
      CHECK_MESSAGE(mirrored() == expected, n << " " << done);
    }
}

TEST_CASE_FIXTURE(proxy_fixture, "proxy: the back-off grows and is bounded") {
  database->down = true;
  open();

  run_for(60s);

  CHECK(database->runs > 12);
  CHECK(database->runs < 25);
}

TEST_CASE_FIXTURE(proxy_fixture,
                  "proxy: replaces a key of the wrong type and retries") {
  open();
  auto node = join();
  auto at = move(host().id);
  auto list = "performance:function_execution_time:" + to_string(at.instance);
  database->execute({"SET", list, "not a list"});

  sample(node.id, at.instance, 1);
  sample(node.id, at.instance, 1);

  CHECK(database->items(list).size() == 1);
}

TEST_CASE_FIXTURE(proxy_fixture,
                  "proxy: answers a report although Redis is away") {
  database->down = true;
  open();

  CHECK(ask<atom::ok>(subject, atom::report_v, any<node_id>(), node_report{}));
}

TEST_CASE_FIXTURE(proxy_fixture,
                  "proxy: mirrors to a Redis without FLUSHDB, too") {
  database->rejects_flush = true;
  database->execute({"SET", "instance:old", "1"});
  database->execute({"SET", "precious", "1"});
  push("intent:drain:old", "yes");

  open();
  join();

  CHECK(mirrored().size() == 4);
  CHECK(database->text("instance:old") == "");
  CHECK(database->text("precious") == "1");
  run_for(3s);
  CHECK(intents.empty());
  CHECK(database->text("intent:drain:old") == "");
}

// -- intents ------------------------------------------------------------------

TEST_CASE_FIXTURE(proxy_fixture,
                  "proxy intents: executes an intent and writes its result") {
  open();
  auto component = any<logical_id>();
  auto node = any<node_id>();

  push(intent_of + to_string(component), to_string(node));
  run_for(100ms);

  REQUIRE(intents.size() == 1);
  CHECK(intents[0].component == component);
  CHECK(intents[0].nodes == std::vector{node});
  auto key = "intent:result:" + to_string(component);
  CHECK(database->text(key)
        == R"({"intent":"intent:migrate:)" + to_string(component)
             + R"(","value":")" + to_string(node)
             + R"(","outcome":"done","reason":"moved","time":5})");
  CHECK(database->expiry[key] == 600);
  CHECK(size() == 1);
}

TEST_CASE_FIXTURE(
  proxy_fixture,
  "proxy intents: the result of a refused intent has the reason") {
  open();
  refusal = "no node is feasible";
  auto component = to_string(any<logical_id>());

  push(intent_of + component, to_string(any<node_id>()));
  run_for(100ms);

  auto text = database->text("intent:result:" + component);
  CHECK(text.find(R"("refused","reason":"no node is feasible")")
        != std::string::npos);
}

TEST_CASE_FIXTURE(
  proxy_fixture,
  "proxy intents: a malformed intent never reaches the orchestrator") {
  open();

  push("intent:migrate:f", "n");
  database->execute({"RPUSH", "intents", "intent:drain:x"});
  push("node:health:x", "precious");
  database->execute({"RPUSH", "intents", "hello"});
  run_for(3s);

  CHECK(intents.empty());
  // Whatever is no intent leaves nothing behind.
  CHECK(size() == 3);
  CHECK(database->text("intent:result:f").find("is not a component id")
        != std::string::npos);
  CHECK(database->text("intent:result:x").find("is not a node id")
        != std::string::npos);
  CHECK(database->text("node:health:x") == "precious");
}

TEST_CASE_FIXTURE(proxy_fixture,
                  "proxy intents: bounds the results that wait for Redis") {
  open();
  database->down = true;

  for (std::size_t i = 0; i < 2 * limits::intents; ++i)
    ask<atom::ok>(subject, atom::intent_v, "intent:x" + std::to_string(i),
                  std::string{});
  database->down = false;
  run_for(10s);

  CHECK(size() == limits::intents);
  CHECK(database->text("intent:result:x127") != "");
}

TEST_CASE_FIXTURE(
  proxy_fixture,
  "proxy intents: bounds the intents that wait for the orchestrator") {
  auto slow = system.spawn([this](caf::event_based_actor* me) -> caf::behavior {
    return {
      [this, me](atom::intent, const intent&) {
        unanswered.push_back(me->make_response_promise<std::string>());
        return unanswered.back();
      },
      [this](atom::tick) { unanswered.front().deliver("drained"s); },
    };
  });
  orchestrator = caf::actor_cast<orchestrator_actor>(keep(slow));
  open();
  for (std::size_t i = 0; i < 2 * limits::intents; ++i)
    push("intent:drain:" + to_string(any<node_id>()), "yes");

  run_for(1s);
  CHECK(unanswered.size() == limits::intents);

  tell(slow, atom::tick_v);
  run_for(1s);
  CHECK(unanswered.size() == limits::intents + 1);
}
