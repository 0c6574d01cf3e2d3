// SPDX-License-Identifier: MIT
#include "runtime/mqtt/forwarders.hpp"

#include "test/fixtures/temporary_folder.hpp"
#include "test/runtime/mqtt/fake_mqtt.hpp"

#include "messages/errors.hpp"
#include "messages/limits.hpp"
#include "messages/resource_limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct forwarders_fixture {
  forwarders_fixture() {
    start();
  }

  /// A program, or the next run of it.
  void start() {
    all = nullptr;
    driver.opened.clear();
    counters = std::make_shared<connector_counters>("mqtt-egress");
    all = std::make_shared<mqtt_forwarders>(
      driver, mqtt_forwarder_options{"n1", {}, files / "store", capacity},
      counters);
    auto problem = all->restore();
    CHECK_MESSAGE(!problem, explain(problem));
  }

  mqtt_forwarder& attach(mqtt_configuration more = {}) {
    more.emplace("url", "mqtt://broker");
    auto made = all->attach("c1", more);
    REQUIRE_MESSAGE(made, explain(made.error()));
    forwarder = *made;
    return *forwarder;
  }

  /// Adds messages that are separated by blanks; `done` and `failed` count.
  void add(const std::string& payloads) {
    std::vector<mqtt_forwarder::request> batch;
    for (std::size_t begin = 0; begin < payloads.size();) {
      auto end = std::min(payloads.find(' ', begin), payloads.size());
      batch.push_back({{"t", payloads.substr(begin, end - begin)},
                       [this](const caf::error& x) {
                         ++(x ? failed : done);
                       }});
      begin = end + 1;
    }
    forwarder->add(std::move(batch));
    broker().run();
  }

  fake_mqtt_connection& broker() {
    REQUIRE(!driver.opened.empty());
    return *driver.opened.back();
  }

  bool has_files() {
    return !std::filesystem::is_empty(files / "store");
  }

  folder files;
  std::uint64_t capacity = 1'000'000;
  fake_mqtt_driver driver;
  connector_counters_ptr counters;
  std::shared_ptr<mqtt_forwarders> all;
  std::shared_ptr<mqtt_forwarder> forwarder;
  int done = 0;
  int failed = 0;
};

} // namespace

TEST_CASE_FIXTURE(forwarders_fixture,
                  "mqtt forwarder: an event is done when it is acknowledged, "
                  "and the disk is not used") {
  attach({{"retain", "true"}});
  broker().connect();

  add("a b");

  CHECK(broker().text() == "a b");
  CHECK(broker().published[0].topic == "t");
  CHECK(broker().published[0].qos == 1);
  CHECK(broker().published[0].is_retained);
  CHECK(done == 0);
  broker().acknowledge_all();
  CHECK(done == 2);
  CHECK(counters->sent == 2);
  CHECK(!has_files());
}

TEST_CASE_FIXTURE(forwarders_fixture,
                  "mqtt forwarder: without a broker, messages wait on disk and "
                  "leave in order") {
  attach();
  add("a b");
  CHECK(done == 2);
  CHECK(counters->stored == 2);
  CHECK(has_files());

  broker().connect();
  add("c");
  broker().run();
  CHECK(broker().text() == "a b c");
  broker().acknowledge_all();
  add("d");

  CHECK(broker().text() == "a b c d");
  CHECK(counters->stored == 0);
  CHECK(counters->stored_bytes == 0);
}

TEST_CASE_FIXTURE(forwarders_fixture,
                  "mqtt forwarder: what is not acknowledged when the "
                  "connection breaks goes to the disk, before what follows") {
  attach();
  broker().connect();
  add("a b");
  CHECK(!has_files());

  broker().disconnect();
  CHECK(done == 2);
  add("c");
  CHECK(counters->stored == 3);

  // The driver publishes a and b again by itself.
  broker().connect();
  CHECK(broker().text() == "a b c");
  broker().acknowledge_all();
  CHECK(counters->stored == 0);
  CHECK(counters->sent == 3);
}

TEST_CASE_FIXTURE(forwarders_fixture,
                  "mqtt forwarder: the next run of a program sends what an "
                  "earlier one has left") {
  attach({{"qos", "2"}});
  add("a b c");
  forwarder = nullptr;

  start();

  // No instance has come, and it sends to the same broker.
  REQUIRE(driver.opened.size() == 1);
  CHECK(broker().options.host == "broker");
  CHECK(counters->stored == 3);
  broker().connect();
  CHECK(broker().text() == "a b c");
  CHECK(broker().published[0].qos == 2);
  broker().acknowledge_all();
  CHECK(broker().is_closed);
  CHECK(!has_files());
  CHECK(counters->stored == 0);
}

TEST_CASE_FIXTURE(forwarders_fixture,
                  "mqtt forwarder: an instance that comes while the messages "
                  "of the last one leave continues behind them") {
  attach();
  add("a");
  all->detach("c1");
  CHECK(!broker().is_closed);

  attach();
  CHECK(driver.opened.size() == 1);
  add("b");
  broker().connect();
  broker().acknowledge_all();

  CHECK(broker().text() == "a b");
  CHECK(!broker().is_closed);
  all->detach("c1");
  CHECK(broker().is_closed);
  CHECK(!has_files());
}

TEST_CASE_FIXTURE(forwarders_fixture,
                  "mqtt forwarder: what is on its way when its instance ends "
                  "is kept until it is acknowledged") {
  attach();
  broker().connect();
  add("a");

  all->detach("c1");

  CHECK(done == 1);
  CHECK(has_files());
  broker().acknowledge_all();
  CHECK(broker().is_closed);
  CHECK(!has_files());
}

TEST_CASE_FIXTURE(forwarders_fixture,
                  "mqtt forwarder: a full store drops the oldest messages and "
                  "counts them") {
  // A message has a byte, beside its topic, a zero byte and 16 bytes.
  capacity = 3 * 19;
  start();
  attach();

  add("a b c d e");

  CHECK(done == 5);
  CHECK(counters->evicted == 2);
  CHECK(counters->stored == 3);
  broker().connect();
  broker().acknowledge_all();
  CHECK(broker().text() == "c d e");
}

TEST_CASE_FIXTURE(forwarders_fixture,
                  "mqtt forwarder: QoS 0 is not stored, and lost without a "
                  "connection") {
  attach({{"qos", "0"}});
  add("a");
  CHECK(failed == 1);

  broker().connect();
  add("b c");
  broker().handler->on_acknowledged(broker(), 1, true);
  broker().disconnect();

  CHECK(done == 1);
  CHECK(failed == 2);
  CHECK(counters->failed == 2);
  CHECK(!has_files());
}

TEST_CASE_FIXTURE(forwarders_fixture,
                  "mqtt forwarder: a message that the broker refuses is "
                  "counted and does not hold up the others") {
  attach();
  add("a refused b");
  broker().connect();
  CHECK(broker().text() == "a b");
  broker().acknowledge_all();
  CHECK(counters->failed == 1);
  CHECK(counters->stored == 0);

  add("refused c");
  CHECK(failed == 1);
  broker().handler->on_acknowledged(broker(), 3, false);
  CHECK(failed == 2);
}

TEST_CASE_FIXTURE(forwarders_fixture,
                  "mqtt forwarder: a bounded number of messages is in flight") {
  attach();
  std::string many;
  for (auto i = 0; i < 3000; ++i)
    many += "m ";
  add(many);

  broker().connect();
  CHECK(broker().published.size() == limits::mqtt_in_flight);
  broker().acknowledge_all();

  CHECK(broker().published.size() == 3000);
  CHECK(counters->stored == 0);
}

TEST_CASE_FIXTURE(forwarders_fixture,
                  "mqtt forwarder: a store that cannot be written loses "
                  "messages, and says so") {
  attach();
  std::filesystem::remove_all(files / "store");

  add("a");

  CHECK(failed == 1);
  CHECK(counters->failed == 1);
}

TEST_CASE_FIXTURE(forwarders_fixture,
                  "mqtt forwarder: a file that is no queue is left alone") {
  files.write("store/c2.queue", std::string(4096, 'x'));

  start();

  CHECK(driver.opened.empty());
  CHECK(has_files());
}

TEST_CASE_FIXTURE(forwarders_fixture,
                  "mqtt forwarder: client ids name component and node") {
  attach();
  CHECK(broker().options.client_id == "edgeless-c1-n1");
  CHECK(!all->attach("c2", {{"url", "http://x"}}));
}
