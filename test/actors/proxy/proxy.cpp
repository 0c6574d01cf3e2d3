// SPDX-License-Identifier: MIT
#include "actors/proxy/proxy.hpp"

#include "test/fixtures/actor_fixture.hpp"
#include "test/fixtures/memory_redis.hpp"

#include "runtime/redis/mirror_values.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;
using namespace std::string_literals;

namespace {

using time = std::chrono::system_clock::time_point;

const std::string intent_of = "intent:migrate:";

/// A proxy between a double of its orchestrator and a Redis in memory.
struct gallery : actor_fixture {
  gallery() {
    boss = spawn_double<orchestrator_actor>(
      [this](atom::intent, const intent& x) -> caf::result<std::string> {
        intents.push_back(x);
        if (!refusal.empty())
          return fail(ec::no_feasible_node, refusal);
        return std::string{"moved"};
      });
  }

  void open() {
    proxy_options options;
    options.open = database->opener();
    options.now = [] {
      return time{5007ms};
    };
    options.where = threads::pool;
    it = keep(proxy_actor{system.spawn(proxy, options, boss)});
    run_until_idle();
  }

  node_description join() {
    node_description x;
    x.id = any<node_id>();
    x.providers = {{"log-1", "file-log", {}}};
    tell(it, atom::join_v, x);
    return x;
  }

  component_spec host() {
    component_spec x;
    x.id = any<logical_id>();
    tell(it, atom::host_v, x);
    return x;
  }

  endpoint move(const logical_id& component) {
    endpoint at;
    at.node = any<node_id>();
    at.instance = any<physical_id>();
    tell(it, atom::moved_v, component, at);
    return at;
  }

  void sample(const node_id& node, const physical_id& instance, int count) {
    node_report x;
    x.samples.times.push_back(
      {instance, std::vector<double>(static_cast<std::size_t>(count), 1)});
    ask<atom::ok>(it, atom::report_v, node, x);
  }

  /// Everything but samples and results.
  std::map<std::string, std::string> shown() const {
    std::map<std::string, std::string> result;
    for (auto& [key, value] : database->content)
      if (auto* text = std::get_if<std::string>(&value);
          text != nullptr && !key.starts_with("intent"))
        result.emplace(key, *text);
    return result;
  }

  void push(const std::string& key, const std::string& value) {
    database->execute({"SET", key, value});
    database->execute({"RPUSH", "intents", key});
  }

  std::size_t count(const std::string& verb) const {
    return static_cast<std::size_t>(std::ranges::count_if(
      database->journal, [&](auto& x) { return x[0] == verb; }));
  }

  std::shared_ptr<memory_database> database
    = std::make_shared<memory_database>();
  orchestrator_actor boss;
  std::vector<intent> intents;
  std::string refusal;
  /// What a slow orchestrator has yet to answer.
  std::vector<caf::typed_response_promise<std::string>> open_ones;
  proxy_actor it;
};

} // namespace

// -- the mirror ---------------------------------------------------------------

TEST_CASE_FIXTURE(gallery,
                  "the database is flushed at start, and never again") {
  database->execute({"SET", "old", "1"});

  open();
  CHECK(database->content.empty());

  database->execute({"SET", "foreign", "1"});
  database->down = true;
  join();
  database->down = false;
  run_for(10s);
  CHECK(count("FLUSHDB") == 1);
  CHECK(database->text("foreign") == "1");
}

TEST_CASE_FIXTURE(gallery, "a Redis that comes late is flushed, too") {
  database->down = true;
  open();
  join();
  database->down = false;
  database->execute({"SET", "old", "1"});

  run_for(10s);

  CHECK(count("FLUSHDB") == 1);
  CHECK(database->text("old") == "");
  CHECK(shown().size() == 3);
}

TEST_CASE_FIXTURE(gallery, "facts are written at once") {
  open();

  auto component = host();
  auto at = move(component.id);

  CHECK(shown().at("instance:" + to_string(component.id))
        == json_of(component, at));
}

TEST_CASE_FIXTURE(gallery, "facts that came together are one run") {
  open();
  auto runs = database->runs;

  for (int i = 0; i < 100; ++i) {
    component_spec x;
    x.id = any<logical_id>();
    caf::anon_send(it, atom::host_v, x);
  }
  run_until_idle();

  CHECK(shown().size() == 100);
  CHECK(database->runs == runs + 1);
}

TEST_CASE_FIXTURE(gallery, "a mirror that somebody has flushed is written "
                           "again within a period") {
  open();
  join();
  auto before = shown();
  database->execute({"FLUSHDB"});

  tell(it, atom::tick_v);

  CHECK(shown() == before);
}

TEST_CASE_FIXTURE(gallery, "a mirror is whole again whichever key is gone") {
  open();
  join();
  host();
  auto before = shown();

  for (auto& [key, value] : before) {
    database->execute({"DEL", key});
    REQUIRE(shown() != before);
    tell(it, atom::tick_v);
    CHECK(shown() == before);
  }
}

TEST_CASE_FIXTURE(gallery, "a mirror that is there is not written again") {
  open();
  join();
  auto sets = count("SET");

  tell(it, atom::tick_v);
  tell(it, atom::tick_v);

  CHECK(count("SET") == sets);
  CHECK(count("EXISTS") == 2);
}

TEST_CASE_FIXTURE(gallery, "an empty domain can be looked after, too") {
  open();

  tell(it, atom::tick_v);

  CHECK(count("PING") == 1);
}

TEST_CASE_FIXTURE(gallery, "what is gone while Redis is away is gone when it "
                           "is back, and nothing else") {
  open();
  auto node = join();
  auto component = host();
  auto at = move(component.id);
  sample(node.id, at.instance, 3);
  database->execute({"SET", "foreign", "1"});
  database->execute({"SET", "node:health:nobody", "1"});
  database->down = true;

  tell(it, atom::lost_v, node.id);
  auto now = move(component.id);
  database->down = false;
  run_for(10s);

  std::map<std::string, std::string> expected{
    {"instance:" + to_string(component.id), json_of(component, now)},
    {"foreign", "1"}};
  CHECK(shown() == expected);
  CHECK(database->content.size() == 2);
}

TEST_CASE_FIXTURE(gallery, "whichever run fails, however much of it was done, "
                           "the mirror says the same in the end") {
  std::map<std::string, std::string> expected;
  std::uint64_t runs = 0;
  auto story = [this] {
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
    tell(it, atom::lost_v, first.id);
    tell(it, atom::tick_v);
    tell(it, atom::drop_v, other.id);
    database->execute({"FLUSHDB"});
    tell(it, atom::tick_v);
    sample(second.id, at.instance, 10);
    run_for(1s);
    tell(it, atom::stop_v);
  };
  story();
  expected = shown();
  runs = database->runs;
  REQUIRE(expected.size() == 5);
  REQUIRE(runs > 10);

  for (std::uint64_t n = 0; n < 20; ++n)
    for (std::size_t done : {0, 1, 1000}) {
      database = std::make_shared<memory_database>();
      database->failing_run = n;
      database->done_of_failing = done;
      story();
      CHECK_MESSAGE(shown() == expected, n << " " << done);
    }
}

TEST_CASE_FIXTURE(gallery, "the pauses between attempts grow, but not beyond "
                           "their bound") {
  database->down = true;
  open();

  run_for(60s);

  CHECK(database->runs > 12);
  CHECK(database->runs < 25);
}

TEST_CASE_FIXTURE(gallery, "what Redis refuses is tried again") {
  open();
  auto node = join();
  auto at = move(host().id);
  auto list = "performance:function_execution_time:" + to_string(at.instance);
  database->execute({"SET", list, "not a list"});

  sample(node.id, at.instance, 1);
  sample(node.id, at.instance, 1);

  CHECK(database->items(list).size() == 1);
}

TEST_CASE_FIXTURE(gallery, "a report is answered when it has been taken") {
  database->down = true;
  open();

  CHECK(ask<atom::ok>(it, atom::report_v, any<node_id>(), node_report{}));
}

// -- intents ------------------------------------------------------------------

TEST_CASE_FIXTURE(gallery, "an intent is done, and its result can be read") {
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
  CHECK(database->content.size() == 1);
}

TEST_CASE_FIXTURE(gallery, "an intent that is refused says why") {
  open();
  refusal = "no node is feasible";
  auto component = to_string(any<logical_id>());

  push(intent_of + component, to_string(any<node_id>()));
  run_for(100ms);

  auto text = database->text("intent:result:" + component);
  CHECK(text.find(R"("refused","reason":"no node is feasible")")
        != std::string::npos);
}

TEST_CASE_FIXTURE(gallery,
                  "a malformed intent never reaches the orchestrator") {
  open();

  push("intent:migrate:f", "n");
  database->execute({"RPUSH", "intents", "intent:drain:x"});
  push("node:health:x", "precious");
  run_for(100ms);

  CHECK(intents.empty());
  CHECK(database->text("intent:result:f").find("is no id of a component")
        != std::string::npos);
  CHECK(database->text("intent:result:x").find("is no id of a node")
        != std::string::npos);
  CHECK(database->text("intent:result:node:health:x").find("is no intent")
        != std::string::npos);
  CHECK(database->text("node:health:x") == "precious");
}

TEST_CASE_FIXTURE(gallery, "results wait for Redis, as many as there is room "
                           "for") {
  open();
  database->down = true;

  for (std::size_t i = 0; i < 2 * limits::intents; ++i)
    ask<atom::ok>(it, atom::intent_v, "intent:x" + std::to_string(i),
                  std::string{});
  database->down = false;
  run_for(10s);

  CHECK(database->content.size() == limits::intents);
  CHECK(database->text("intent:result:x127") != "");
}

TEST_CASE_FIXTURE(gallery, "no more intents are taken than can be executed") {
  auto slow = system.spawn([this](caf::event_based_actor* me) -> caf::behavior {
    return {
      [this, me](atom::intent, const intent&) {
        open_ones.push_back(me->make_response_promise<std::string>());
        return open_ones.back();
      },
      [this](atom::proceed) { open_ones.front().deliver("drained"s); },
    };
  });
  boss = caf::actor_cast<orchestrator_actor>(keep(slow));
  open();
  auto node = to_string(any<node_id>());
  for (std::size_t i = 0; i < 2 * limits::intents; ++i)
    push("intent:drain:" + node, "yes");

  run_for(1s);
  CHECK(open_ones.size() == limits::intents);

  tell(slow, atom::proceed_v);
  run_for(1s);
  CHECK(open_ones.size() == limits::intents + 1);
}
