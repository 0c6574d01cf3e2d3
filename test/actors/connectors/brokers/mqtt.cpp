// SPDX-License-Identifier: MIT
#include "test/fixtures/world.hpp"
#include "test/runtime/mqtt/fake_mqtt.hpp"

#include "actors/connectors/brokers/mqtt_egress.hpp"
#include "actors/connectors/brokers/mqtt_ingress.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// Resources on node-one, a function on node-two, and the test as a broker.
struct mqtt_fixture : world {
  mqtt_fixture() {
    forwarders = std::make_shared<mqtt_forwarders>(
      driver, mqtt_forwarder_options{"n1", {}, store / "q", 1'000'000},
      egress_counters);
    REQUIRE(!forwarders->restore());
    classes["mqtt-ingress"] = std::make_shared<const resource_class>(
      mqtt_ingress(driver, {}, ingress_counters));
    classes["mqtt-egress"]
      = std::make_shared<const resource_class>(mqtt_egress(forwarders));
    auto details = providing("mqtt-ingress");
    details.providers.push_back({"egress-1", "mqtt-egress", {}});
    add_node("node-one", details);
    classes.clear();
    add_node("node-two", labelled({"function"}));
  }

  void start_ingress(std::map<std::string, std::string> more = {},
                     const std::string& script = "sink") {
    more.emplace("url", "mqtt://broker");
    more.emplace("topics", "a/+,b");
    auto source = test::resource("ingress", "mqtt-ingress", std::move(more));
    source.output_mapping["out"] = script;
    start({source, function(script, script, {{"out", script}},
                            {{"label_match_all", "function"}})});
    if (!driver.opened.empty())
      broker().connect();
  }

  void start_egress(std::map<std::string, std::string> more = {}) {
    more.emplace("url", "mqtt://broker");
    more.emplace("topic", "t");
    start({test::resource("egress", "mqtt-egress", std::move(more))});
  }

  void give(const std::string& payload, int qos = 1) {
    broker().handler->on_message({"a/1", payload, qos});
  }

  mqtt_handler::acceptance accepted() {
    return broker().handler->accepted();
  }

  fake_mqtt_connection& broker() {
    REQUIRE(!driver.opened.empty());
    return *driver.opened.back();
  }

  using enum_t = mqtt_handler::acceptance;
  folder store;
  fake_mqtt_driver driver;
  connector_counters_ptr ingress_counters
    = std::make_shared<connector_counters>("mqtt-ingress");
  connector_counters_ptr egress_counters
    = std::make_shared<connector_counters>("mqtt-egress");
  std::shared_ptr<mqtt_forwarders> forwarders;
};

} // namespace

TEST_CASE_FIXTURE(mqtt_fixture,
                  "mqtt-ingress: messages are acknowledged when the function "
                  "has handled them") {
  start_ingress({{"add-topic", "true"}});
  CHECK(broker().options.filters == lines{"a/+", "b"});
  CHECK(broker().options.client_id.starts_with("edgeless-"));

  give("x");
  give("y");
  CHECK(accepted() == enum_t::pending);
  run_for(100ms);

  CHECK(accepted() == enum_t::accepted);
  CHECK(broker().is_woken);
  CHECK(journal == lines{"sink@node-two <- a/1\nx", "sink@node-two <- a/1\ny"});
  CHECK(ingress_counters->received == 2);
  CHECK(balanced());
}

TEST_CASE_FIXTURE(mqtt_fixture,
                  "mqtt-ingress: what a dead node has not handled is given to "
                  "the next instance, and acknowledged then") {
  start_ingress();
  kill("node-two");
  give("x");
  run(100);
  CHECK(accepted() == enum_t::pending);
  CHECK(journal.empty());

  add_node("node-three", labelled({"function"}));
  run_for(15s);

  CHECK(accepted() == enum_t::accepted);
  CHECK(placed_on("sink") == "node-three");
  REQUIRE(journal.size() == 1);
  CHECK(journal[0].ends_with("<- x"));
}

TEST_CASE_FIXTURE(mqtt_fixture,
                  "mqtt-ingress: QoS 0 is not awaited, and counted when there "
                  "is no room") {
  start_ingress({{"qos", "0"}});
  CHECK(broker().options.session == 0s);

  for (std::size_t i = 0; i < limits::outlet_events + 3; ++i)
    give("x", 0);

  CHECK(accepted() == enum_t::accepted);
  CHECK(ingress_counters->failed == 3);
}

TEST_CASE_FIXTURE(mqtt_fixture,
                  "mqtt-ingress: messages of a stopped workflow are not "
                  "acknowledged") {
  start_ingress();
  cut("node-one", "node-two");
  give("x");
  run(100);
  auto handler = broker().handler;

  stop(status.id);
  run_for(5s);

  CHECK(broker().is_closed);
  CHECK(handler->accepted() == enum_t::refused);
}

TEST_CASE_FIXTURE(mqtt_fixture,
                  "mqtt-ingress: an instance that moves leaves its session to "
                  "the next one") {
  auto details = providing("mqtt-ingress");
  classes["mqtt-ingress"] = std::make_shared<const resource_class>(
    mqtt_ingress(driver, {}, ingress_counters));
  add_node("node-three", details);
  start_ingress();
  auto from = placed_on("ingress");
  give("a");
  run_for(100ms);

  CHECK(migrate("ingress", from == "node-one" ? "node-three" : "node-one"));
  run_for(1s);

  REQUIRE(driver.opened.size() == 2);
  CHECK(driver.opened[0]->is_closed);
  CHECK(driver.opened[0]->options.client_id == broker().options.client_id);
  broker().connect();
  give("b");
  run_for(100ms);
  CHECK(accepted() == enum_t::accepted);
  CHECK(journal == lines{"sink@node-two <- a", "sink@node-two <- b"});
}

TEST_CASE_FIXTURE(mqtt_fixture,
                  "mqtt-ingress: a new connection is not answerable for the "
                  "casts of the last one") {
  start_ingress();
  cut("node-one", "node-two");
  give("x");
  broker().disconnect();

  CHECK(accepted() == enum_t::accepted);
  broker().connect();
  reconnect_all();
  run_for(15s);
  CHECK(accepted() == enum_t::accepted);
}

TEST_CASE_FIXTURE(mqtt_fixture, "mqtt-ingress: a wrong filter does not start") {
  start_ingress({{"topics", "a/#/b"}});
  CHECK(status_of("ingress").phase != component_phase::running);
  CHECK(status_of("ingress").reason.find("`topics`: \"a/#/b\"")
        != std::string::npos);
}

TEST_CASE_FIXTURE(mqtt_fixture, "mqtt-ingress: a wrong URL does not start") {
  start_ingress({{"url", "http://broker"}});

  CHECK(status_of("ingress").reason.find("`url`") != std::string::npos);
}

TEST_CASE_FIXTURE(mqtt_fixture,
                  "mqtt-egress: an event is handled when the broker has it") {
  start_egress({{"take-topic", "true"}});
  broker().connect();

  cast_to("egress", "a/b\nhello\nworld");
  broker().run();
  run_for(100ms);
  CHECK(handled() == 0);
  broker().acknowledge_all();
  run_for(100ms);

  CHECK(handled() == 1);
  CHECK(broker().text() == "hello\nworld");
  CHECK(broker().published[0].topic == "a/b");
  cast_to("egress", "a/#\nx");
  run_for(100ms);
  CHECK(dropped(drop_reason::resource_failed) == 1);
}

TEST_CASE_FIXTURE(mqtt_fixture,
                  "mqtt-egress: starts and takes events without its broker") {
  start_egress();

  cast_to("egress", "x");
  run_for(100ms);

  CHECK(handled() == 1);
  CHECK(egress_counters->stored == 1);
  stop(status.id);
  run_for(5s);
  CHECK(!broker().is_closed);
  broker().connect();
  broker().acknowledge_all();
  CHECK(broker().is_closed);
  CHECK(egress_counters->sent == 1);
}

TEST_CASE_FIXTURE(mqtt_fixture, "mqtt-egress: a wrong topic does not start") {
  start_egress({{"topic", "a/+"}});

  CHECK(status_of("egress").reason.find("`topic`") != std::string::npos);
}
