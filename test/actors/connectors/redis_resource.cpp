// SPDX-License-Identifier: MIT
#include "actors/connectors/redis_resource.hpp"

#include "test/fixtures/actor_fixture.hpp"
#include "test/fixtures/memory_redis.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct redis_fixture : actor_fixture {
  redis_fixture()
    : registry{std::make_shared<instance_registry>(any<node_id>())} {
    egress = spawn_double<egress_actor>(
      [this](atom::deliver, const instance_id&, const events& x) {
        answers.insert(answers.end(), x.begin(), x.end());
      });
    auto find =
      [this](const std::string& url) -> caf::expected<std::unique_ptr<redis>> {
      if (url != "redis://here")
        return fail(ec::bad_input, "is not a URL");
      return database->connect();
    };
    auto node = spawn_double<node_actor>(
      [this](atom::prepare, const physical_id&, const instance_actor& x) {
        instance = keep(x);
      });
    provider = keep(provider_actor{system.spawn(
      redis_resource_provider,
      resource_context{registry, egress, node, threads::pool}, find)});
  }

  caf::expected<atom::ok> open(std::map<std::string, std::string> settings) {
    component_spec spec;
    spec.workflow = workflow;
    spec.settings = std::move(settings);
    id = any<physical_id>();
    return ask<atom::ok>(provider, atom::start_v, id, spec, output_map{},
                         std::string{});
  }

  void enqueue_cast(std::vector<std::pair<event_kind, std::string>> all) {
    events batch;
    for (auto& [kind, payload] : all) {
      auto x = cast_of(source, payload);
      x.kind = kind;
      x.call = ++calls;
      batch.push_back(x);
    }
    if (auto there = registry->find(id))
      deliver(*registry, *there, batch, [](const event&) {});
    run_until_idle();
  }

  void cast(const std::string& payload) {
    enqueue_cast({{event_kind::cast, payload}});
  }

  void call(const std::string& key) {
    enqueue_cast({{event_kind::call, key}});
  }

  std::uint64_t failed() const {
    return registry->counts.dropped(drop_reason::resource_failed);
  }

  std::shared_ptr<memory_database> database
    = std::make_shared<memory_database>();
  instance_registry_ptr registry;
  egress_actor egress;
  provider_actor provider;
  workflow_id workflow = any<workflow_id>();
  physical_id id;
  instance_actor instance;
  instance_id source{any<node_id>(), any<physical_id>()};
  std::uint64_t calls = 0;
  events answers;
};

const std::string here = "redis://here";

} // namespace

TEST_CASE_FIXTURE(redis_fixture,
                  "redis: a cast sets the configured key, the last one wins") {
  REQUIRE(open({{"url", here}, {"key", "k"}}));

  cast("1");
  cast("2");

  CHECK(database->text("k") == "2");
  CHECK(registry->counts.handled() == 2);
  CHECK(failed() == 0);
}

TEST_CASE_FIXTURE(redis_fixture,
                  "redis: a call gets the key that instance names") {
  database->content["other"] = "value";
  REQUIRE(open({{"url", here}}));

  call("other");

  REQUIRE(answers.size() == 1);
  CHECK(answers[0].kind == event_kind::reply);
  CHECK(answers[0].payload == "value");
  CHECK(answers[0].call == 1);
}

TEST_CASE_FIXTURE(redis_fixture, "redis: a call for a missing key fails") {
  REQUIRE(open({{"url", here}}));

  call("other");

  REQUIRE(answers.size() == 1);
  CHECK(answers[0].kind == event_kind::error);
  CHECK(failed() == 0);
}

TEST_CASE_FIXTURE(redis_fixture,
                  "redis: calls and casts of one batch keep their order") {
  REQUIRE(open({{"url", here}, {"key", "k"}}));

  enqueue_cast({{event_kind::cast, "1"},
                {event_kind::call, "k"},
                {event_kind::cast, "2"},
                {event_kind::call, "missing"},
                {event_kind::call, "k"}});

  REQUIRE(answers.size() == 3);
  CHECK(answers[0].payload == "1");
  CHECK(answers[1].kind == event_kind::error);
  CHECK(answers[2].payload == "2");
}

TEST_CASE_FIXTURE(redis_fixture, "redis: add-workflow-id prefixes all keys") {
  auto prefix = to_string(workflow) + ":";
  REQUIRE(open({{"url", here}, {"key", "k"}, {"add-workflow-id", "false"}}));

  cast("1");
  call("k");

  CHECK(database->text(prefix + "k") == "1");
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].payload == "1");
  CHECK(database->text("k") == "");
}

TEST_CASE_FIXTURE(redis_fixture,
                  "redis: counts casts without a configured key as failed") {
  REQUIRE(open({{"url", here}}));

  cast("1");

  CHECK(database->content.empty());
  CHECK(failed() == 1);
}

TEST_CASE_FIXTURE(redis_fixture,
                  "redis: refuses a key above limits::redis_key") {
  CHECK(!open({{"url", here}, {"key", std::string(100'000, 'k')}}));

  REQUIRE(open({{"url", here}}));
  call(std::string(100'000, 'k'));

  REQUIRE(answers.size() == 1);
  CHECK(answers[0].kind == event_kind::error);
  CHECK(database->runs == 0);
}

TEST_CASE_FIXTURE(redis_fixture, "redis: does not start without a valid URL") {
  auto missing = open({});
  REQUIRE(!missing);
  CHECK(explain(missing.error()).find("`url` is missing") != std::string::npos);

  auto bad = open({{"url", "nonsense"}});
  REQUIRE(!bad);
  CHECK(explain(bad.error()).find("`url`: is not a URL") != std::string::npos);
}

TEST_CASE_FIXTURE(redis_fixture,
                  "redis: counts events that fail while the server is down") {
  REQUIRE(open({{"url", here}, {"key", "k"}}));
  database->down = true;

  for (int i = 0; i < 1000; ++i)
    cast("1");
  call("k");

  CHECK(failed() == 1001);
  CHECK(database->runs < 20);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].kind == event_kind::error);

  database->down = false;
  run_for(limits::redis_pause_max);
  cast("2");
  CHECK(database->text("k") == "2");
  CHECK(failed() == 1001);
}

TEST_CASE_FIXTURE(redis_fixture,
                  "redis: a refused command fails its own event only") {
  database->execute({"RPUSH", "list", "1"});
  database->content["k"] = "1";
  REQUIRE(open({{"url", here}}));

  enqueue_cast({{event_kind::call, "list"}, {event_kind::call, "k"}});

  REQUIRE(answers.size() == 2);
  CHECK(answers[0].kind == event_kind::error);
  CHECK(answers[1].kind == event_kind::reply);
  CHECK(failed() == 1);
}
