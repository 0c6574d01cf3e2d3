// SPDX-License-Identifier: MIT
#include "actors/connectors/metrics_collector.hpp"

#include "test/fixtures/actor_fixture.hpp"
#include "test/fixtures/memory_redis.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

using list = memory_database::list;

struct metrics_collector_fixture : actor_fixture {
  metrics_collector_fixture()
    : registry{std::make_shared<instance_registry>(any<node_id>())} {
    egress = spawn_double<egress_actor>(
      [this](atom::deliver, const instance_id&, const events& x) {
        answers.insert(answers.end(), x.begin(), x.end());
      });
    auto now = [this] {
      using namespace std::chrono;
      auto passed
        = duration_cast<milliseconds>(clock().now().time_since_epoch());
      return transaction_times::moment{steady_clock::time_point{passed},
                                       system_clock::time_point{passed}};
    };
    auto node = spawn_double<node_actor>(
      [this](atom::prepare, const physical_id&, const instance_actor& x) {
        instance = keep(x);
      });
    provider = keep(provider_actor{
      system.spawn(metrics_collector_provider,
                   resource_context{registry, egress, node, threads::pool},
                   collector_options{database->opener(), now})});
  }

  caf::expected<atom::ok> open(std::map<std::string, std::string> settings) {
    component_spec spec;
    spec.settings = std::move(settings);
    id = any<physical_id>();
    return ask<atom::ok>(provider, atom::start_v, id, spec, output_map{},
                         std::string{});
  }

  void enqueue_cast(const std::string& payload,
                    event_kind kind = event_kind::cast) {
    auto x = cast_of(source, payload);
    x.source_component = component;
    x.kind = kind;
    x.call = 7;
    if (auto there = registry->find(id))
      deliver(*registry, *there, {x}, [](const event&) {});
    run_until_idle();
  }

  void sample(std::chrono::milliseconds duration) {
    enqueue_cast("workflow:begin:1");
    run_for(duration);
    enqueue_cast("workflow:end:1");
  }

  std::uint64_t failed() const {
    return registry->counts.dropped(drop_reason::resource_failed);
  }

  std::shared_ptr<memory_database> database
    = std::make_shared<memory_database>();
  instance_registry_ptr registry;
  egress_actor egress;
  provider_actor provider;
  physical_id id;
  instance_actor instance;
  instance_id source{any<node_id>(), any<physical_id>()};
  logical_id component = any<logical_id>();
  events answers;
};

const std::string samples = "workflow:chain:samples";
const std::string average = "workflow:chain:average";

} // namespace

TEST_CASE_FIXTURE(
  metrics_collector_fixture,
  "metrics-collector: writes workflow durations and averages to Redis") {
  REQUIRE(open({{"wf_name", "chain"}, {"alpha", "0.5"}}));

  sample(10ms);
  sample(20ms);

  CHECK(database->items(samples).size() == 2);
  CHECK(database->items(samples).front().starts_with("20,"));
  CHECK(database->text(average) == "15");
  CHECK(registry->counts.handled() == 4);
}

TEST_CASE_FIXTURE(
  metrics_collector_fixture,
  "metrics-collector: writes function averages under both ids") {
  REQUIRE(open({}));

  enqueue_cast("function:begin:1");
  enqueue_cast("function:end:1");

  CHECK(database->text("function:" + to_string(component) + ":average") == "0");
  CHECK(database->text("function:" + to_string(source.instance) + ":average")
        == "0");
}

TEST_CASE_FIXTURE(
  metrics_collector_fixture,
  "metrics-collector: two instances of one workflow name share samples") {
  REQUIRE(open({{"wf_name", "chain"}}));
  sample(10ms);
  REQUIRE(open({{"wf_name", "chain"}}));
  sample(20ms);

  CHECK(database->items(samples).size() == 2);
}

TEST_CASE_FIXTURE(
  metrics_collector_fixture,
  "metrics-collector: counts an invalid event as handled, writes nothing") {
  REQUIRE(open({{"wf_name", "chain"}}));

  enqueue_cast("hello");

  CHECK(database->content.empty());
  CHECK(registry->counts.handled() == 1);
}

TEST_CASE_FIXTURE(
  metrics_collector_fixture,
  "metrics-collector: answers calls, also with invalid content") {
  REQUIRE(open({}));

  enqueue_cast("workflow:begin:1", event_kind::call);
  enqueue_cast("hello", event_kind::call);

  REQUIRE(answers.size() == 2);
  for (auto& x : answers) {
    CHECK(x.kind == event_kind::reply);
    CHECK(x.payload == "");
    CHECK(x.call == 7);
  }
}

TEST_CASE_FIXTURE(
  metrics_collector_fixture,
  "metrics-collector: runs while Redis is down and counts lost samples") {
  database->down = true;
  REQUIRE(open({{"wf_name", "chain"}}));

  sample(10ms);
  CHECK(failed() == 1);
  CHECK(registry->counts.handled() == 1);

  database->down = false;
  run_for(limits::redis_pause_max);
  sample(20ms);
  CHECK(database->items(samples).size() == 1);
  CHECK(failed() == 1);
}

TEST_CASE_FIXTURE(metrics_collector_fixture,
                  "metrics-collector: backs off while Redis is down") {
  REQUIRE(open({{"wf_name", "chain"}}));
  database->down = true;

  for (int i = 0; i < 1000; ++i)
    sample(10ms);

  CHECK(failed() == 1000);
  CHECK(database->runs < 20);
}

TEST_CASE_FIXTURE(
  metrics_collector_fixture,
  "metrics-collector: counts the samples of any failed Redis run") {
  REQUIRE(open({{"wf_name", "chain"}}));
  for (std::uint64_t n = 0; n < 5; ++n) {
    database->failing_run = database->runs + n;
    for (int i = 0; i < 5; ++i) {
      sample(10ms);
      run_for(limits::redis_pause_max);
    }
  }

  CHECK(failed() == 5);
  CHECK(database->items(samples).size() == 20);
}

TEST_CASE_FIXTURE(
  metrics_collector_fixture,
  "metrics-collector: counts a sample refused for its key's type") {
  REQUIRE(open({{"wf_name", "chain"}}));
  database->execute({"SET", samples, "1"});

  sample(10ms);

  CHECK(failed() == 1);
}

TEST_CASE_FIXTURE(metrics_collector_fixture,
                  "metrics-collector: fails a call whose sample is lost") {
  database->down = true;
  REQUIRE(open({{"wf_name", "chain"}}));
  enqueue_cast("workflow:begin:1");

  enqueue_cast("workflow:end:1", event_kind::call);

  REQUIRE(answers.size() == 1);
  CHECK(answers[0].kind == event_kind::error);
}

TEST_CASE_FIXTURE(metrics_collector_fixture,
                  "metrics-collector: a stopped instance leaves the registry") {
  REQUIRE(open({}));

  tell(instance, atom::stop_v);

  CHECK(!registry->find(id));
}
