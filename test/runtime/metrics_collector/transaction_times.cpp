// SPDX-License-Identifier: MIT
#include "runtime/metrics_collector/transaction_times.hpp"

#include "test/fixtures/memory_redis.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

using verdict = transaction_times::verdict;
using list = memory_database::list;

struct collector_fixture {
  event from(physical_id instance, logical_id component) {
    event x;
    x.source.instance = instance;
    x.source_component = component;
    return x;
  }

  /// Handles an event, executes its commands and returns the verdict.
  verdict handle(event x, std::string payload) {
    x.payload = std::move(payload);
    std::vector<redis_command> commands;
    auto result = all.handle(x, now, commands);
    for (auto& command : commands)
      database.execute(command);
    return result;
  }

  verdict handle(std::string payload) {
    return handle(source, std::move(payload));
  }

  void advance(std::chrono::milliseconds x) {
    now.steady += x;
    now.wall += x;
  }

  void sample(std::chrono::milliseconds duration) {
    handle("workflow:begin:1");
    advance(duration);
    handle("workflow:end:1");
  }

  std::mt19937_64 generator{1};
  random_source random = [this] {
    return generator();
  };
  event source = from(draw<physical_id>(random), draw<logical_id>(random));
  transaction_times all{"chain", 0.9};
  transaction_times::moment now{transaction_times::clock::time_point{} + 1h,
                                std::chrono::system_clock::time_point{5007ms}};
  memory_database database;
};

} // namespace

TEST_CASE_FIXTURE(collector_fixture,
                  "transaction_times: the duration of a workflow is written") {
  sample(849ms);

  CHECK(database.items("workflow:chain:samples") == list{"849,5.856"});
  CHECK(database.text("workflow:chain:average") == "849");
}

TEST_CASE_FIXTURE(collector_fixture,
                  "transaction_times: the newest sample comes first") {
  sample(10ms);
  sample(20ms);

  CHECK(database.items("workflow:chain:samples")
        == list{"20,5.037", "10,5.017"});
}

TEST_CASE_FIXTURE(
  collector_fixture,
  "transaction_times: alpha weighs a new sample in the average") {
  sample(100ms);
  sample(200ms);
  CHECK(database.text("workflow:chain:average") == "190");

  sample(0ms);
  CHECK(database.text("workflow:chain:average").starts_with("18.99"));
}

TEST_CASE_FIXTURE(
  collector_fixture,
  "transaction_times: samples of a function have keys for both its ids") {
  handle("function:begin:7");
  advance(5ms);
  handle("function:end:7");

  for (auto& id : {to_string(source.source_component),
                   to_string(source.source.instance)}) {
    CHECK(database.items("function:" + id + ":samples") == list{"5,5.012"});
    CHECK(database.text("function:" + id + ":average") == "5");
  }
}

TEST_CASE_FIXTURE(
  collector_fixture,
  "transaction_times: a source without a component has one key") {
  source.source_component = {};
  handle("function:begin:7");
  handle("function:end:7");

  CHECK(database.content.size() == 2);
}

TEST_CASE_FIXTURE(
  collector_fixture,
  "transaction_times: functions do not end transactions of others") {
  handle("function:begin:1");
  handle(from(draw<physical_id>(random), draw<logical_id>(random)),
         "function:end:1");

  CHECK(database.content.empty());
}

TEST_CASE_FIXTURE(
  collector_fixture,
  "transaction_times: a function may migrate between begin and end") {
  handle("function:begin:1");
  handle(from(draw<physical_id>(random), source.source_component),
         "function:end:1");

  CHECK(database.content.size() == 4);
}

TEST_CASE_FIXTURE(collector_fixture,
                  "transaction_times: a second begin replaces the first") {
  handle("workflow:begin:1");
  advance(10ms);
  handle("workflow:begin:1");
  advance(5ms);
  handle("workflow:end:1");

  CHECK(database.items("workflow:chain:samples") == list{"5,5.022"});
  CHECK(all.open() == 0);
}

TEST_CASE_FIXTURE(collector_fixture,
                  "transaction_times: an end without a begin is no sample") {
  CHECK(handle("workflow:end:1") == verdict::accepted);
  CHECK(handle("function:end:1") == verdict::accepted);

  CHECK(database.content.empty());
}

TEST_CASE_FIXTURE(
  collector_fixture,
  "transaction_times: without a name, events of workflows are ignored") {
  all = transaction_times{"", 0.9};
  sample(1ms);
  CHECK(database.content.empty());

  handle("function:begin:1");
  handle("function:end:1");
  CHECK(database.content.size() == 4);
}

TEST_CASE_FIXTURE(collector_fixture,
                  "transaction_times: any other payload is invalid") {
  for (auto text : {"", "hello", "function", "function:", "function:begin",
                    "function:begin:", "function:begin:x", "function:end:-1",
                    "function:begin:1 ", "workflow:stop:1", "reset", "reset:",
                    "reset:soon", "workflow:begin:18446744073709551616"})
    CHECK_MESSAGE(handle(text) == verdict::invalid, text);
  CHECK(handle("workflow:begin:18446744073709551615") == verdict::accepted);
}

TEST_CASE_FIXTURE(
  collector_fixture,
  "transaction_times: a reset deletes the written keys and starts a warm-up") {
  sample(100ms);
  database.execute({"SET", "foreign", "1"});

  CHECK(handle("reset:50") == verdict::accepted);
  CHECK(database.content.size() == 1);
  sample(49ms);
  CHECK(database.content.size() == 1);

  sample(10ms);
  CHECK(database.items("workflow:chain:samples").size() == 1);
  CHECK(database.text("workflow:chain:average") == "10");
}

TEST_CASE_FIXTURE(
  collector_fixture,
  "transaction_times: a reset without a warm-up counts samples at once") {
  handle("reset:0");
  sample(0ms);

  CHECK(database.items("workflow:chain:samples").size() == 1);
}

TEST_CASE_FIXTURE(collector_fixture,
                  "transaction_times: the longest warm-up does not overflow") {
  CHECK(handle("reset:18446744073709551615") == verdict::accepted);
  advance(24h);
  sample(1ms);

  CHECK(database.content.empty());
}

TEST_CASE_FIXTURE(
  collector_fixture,
  "transaction_times: beyond the limit the oldest transactions are dropped") {
  for (std::size_t i = 0; i <= limits::transaction_times; ++i)
    handle("workflow:begin:" + std::to_string(i));
  CHECK(all.open() == limits::transaction_times);

  handle("workflow:end:0");
  CHECK(database.content.empty());
  handle("workflow:end:1");
  CHECK(!database.content.empty());
}

TEST_CASE("transaction_times: alpha is a number from 0 to 1, or 0.9") {
  CHECK(parse_alpha("0.5") == 0.5);
  CHECK(parse_alpha("1") == 1);
  for (auto text : {"", "x", "-1", "2", "nan", "inf", "0.5x", "1e999"})
    CHECK_MESSAGE(parse_alpha(text) == 0.9, text);
}

TEST_CASE_FIXTURE(collector_fixture,
                  "transaction_times: the journal has a line for each event of "
                  "its workflow, and expires") {
  all = transaction_times{"chain", 0.9, "journal"};

  handle("workflow:begin:1");
  advance(12ms);
  handle("function:begin:1");
  handle("function:end:1");
  handle("workflow:end:1");
  handle("workflow:end:1");

  CHECK(database.items("journal")
        == list{"b,1,5.007", "e,1,5.019,12", "e,1,5.019"});
  CHECK(database.expiry.at("journal") == 3600);
}

TEST_CASE_FIXTURE(collector_fixture,
                  "transaction_times: without a key there is no journal") {
  sample(10ms);

  CHECK(!database.content.contains("journal"));
  CHECK(database.expiry.empty());
}
