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

struct event_timer {
  event from(physical_id instance, logical_id component) {
    event x;
    x.source.instance = instance;
    x.source_component = component;
    return x;
  }

  /// What it says of that event; and Redis has what is to be written.
  verdict hear(event x, std::string payload) {
    x.payload = std::move(payload);
    std::vector<redis_command> commands;
    auto result = all.take(x, now, commands);
    for (auto& command : commands)
      database.execute(command);
    return result;
  }

  verdict hear(std::string payload) {
    return hear(source, std::move(payload));
  }

  void pass(std::chrono::milliseconds x) {
    now.steady += x;
    now.wall += x;
  }

  void sample(std::chrono::milliseconds duration) {
    hear("workflow:begin:1");
    pass(duration);
    hear("workflow:end:1");
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

TEST_CASE_FIXTURE(event_timer, "the duration of a workflow is written") {
  sample(849ms);

  CHECK(database.items("workflow:chain:samples") == list{"849,5.856"});
  CHECK(database.text("workflow:chain:average") == "849");
}

TEST_CASE_FIXTURE(event_timer, "the newest sample comes first") {
  sample(10ms);
  sample(20ms);

  CHECK(database.items("workflow:chain:samples")
        == list{"20,5.037", "10,5.017"});
}

TEST_CASE_FIXTURE(event_timer, "the average follows the new samples by alpha") {
  sample(100ms);
  sample(200ms);
  CHECK(database.text("workflow:chain:average") == "190");

  sample(0ms);
  CHECK(database.text("workflow:chain:average").starts_with("18.99"));
}

TEST_CASE_FIXTURE(event_timer, "a function is known by both its ids") {
  hear("function:begin:7");
  pass(5ms);
  hear("function:end:7");

  for (auto& id : {to_string(source.source_component),
                   to_string(source.source.instance)}) {
    CHECK(database.items("function:" + id + ":samples") == list{"5,5.012"});
    CHECK(database.text("function:" + id + ":average") == "5");
  }
}

TEST_CASE_FIXTURE(event_timer, "a source without a component has one id") {
  source.source_component = {};
  hear("function:begin:7");
  hear("function:end:7");

  CHECK(database.content.size() == 2);
}

TEST_CASE_FIXTURE(event_timer, "functions do not end what others have begun") {
  hear("function:begin:1");
  hear(from(draw<physical_id>(random), draw<logical_id>(random)),
       "function:end:1");

  CHECK(database.content.empty());
}

TEST_CASE_FIXTURE(event_timer, "a function may move meanwhile") {
  hear("function:begin:1");
  hear(from(draw<physical_id>(random), source.source_component),
       "function:end:1");

  CHECK(database.content.size() == 4);
}

TEST_CASE_FIXTURE(event_timer, "to begin again starts anew") {
  hear("workflow:begin:1");
  pass(10ms);
  hear("workflow:begin:1");
  pass(5ms);
  hear("workflow:end:1");

  CHECK(database.items("workflow:chain:samples") == list{"5,5.022"});
  CHECK(all.open() == 0);
}

TEST_CASE_FIXTURE(event_timer, "an end without a beginning is no sample") {
  CHECK(hear("workflow:end:1") == verdict::taken);
  CHECK(hear("function:end:1") == verdict::taken);

  CHECK(database.content.empty());
}

TEST_CASE_FIXTURE(event_timer, "without a name, workflows are skipped") {
  all = transaction_times{"", 0.9};
  sample(1ms);
  CHECK(database.content.empty());

  hear("function:begin:1");
  hear("function:end:1");
  CHECK(database.content.size() == 4);
}

TEST_CASE_FIXTURE(event_timer, "anything else is invalid") {
  for (auto text : {"", "hello", "function", "function:", "function:begin",
                    "function:begin:", "function:begin:x", "function:end:-1",
                    "function:begin:1 ", "workflow:stop:1", "reset", "reset:",
                    "reset:soon", "workflow:begin:18446744073709551616"})
    CHECK_MESSAGE(hear(text) == verdict::invalid, text);
  CHECK(hear("workflow:begin:18446744073709551615") == verdict::taken);
}

TEST_CASE_FIXTURE(event_timer,
                  "a reset deletes what was written, and warms up") {
  sample(100ms);
  database.execute({"SET", "foreign", "1"});

  CHECK(hear("reset:50") == verdict::taken);
  CHECK(database.content.size() == 1);
  sample(49ms);
  CHECK(database.content.size() == 1);

  sample(10ms);
  CHECK(database.items("workflow:chain:samples").size() == 1);
  CHECK(database.text("workflow:chain:average") == "10");
}

TEST_CASE_FIXTURE(event_timer, "a reset without a warm-up counts at once") {
  hear("reset:0");
  sample(0ms);

  CHECK(database.items("workflow:chain:samples").size() == 1);
}

TEST_CASE_FIXTURE(event_timer, "an endless warm-up is one") {
  CHECK(hear("reset:18446744073709551615") == verdict::taken);
  pass(24h);
  sample(1ms);

  CHECK(database.content.empty());
}

TEST_CASE_FIXTURE(event_timer,
                  "of too many beginnings the oldest are forgotten") {
  for (std::size_t i = 0; i <= limits::transaction_times; ++i)
    hear("workflow:begin:" + std::to_string(i));
  CHECK(all.open() == limits::transaction_times);

  hear("workflow:end:0");
  CHECK(database.content.empty());
  hear("workflow:end:1");
  CHECK(!database.content.empty());
}

TEST_CASE("the weight of a new sample is a number from 0 to 1, or 0.9") {
  CHECK(parse_alpha("0.5") == 0.5);
  CHECK(parse_alpha("1") == 1);
  for (auto text : {"", "x", "-1", "2", "nan", "inf", "0.5x", "1e999"})
    CHECK_MESSAGE(parse_alpha(text) == 0.9, text);
}

TEST_CASE_FIXTURE(event_timer, "a journal has a line for each event of its "
                               "workflow, and a life of its own") {
  all = transaction_times{"chain", 0.9, "journal"};

  hear("workflow:begin:1");
  pass(12ms);
  hear("function:begin:1");
  hear("function:end:1");
  hear("workflow:end:1");
  hear("workflow:end:1");

  CHECK(database.items("journal")
        == list{"b,1,5.007", "e,1,5.019,12", "e,1,5.019"});
  CHECK(database.expiry.at("journal") == 3600);
}

TEST_CASE_FIXTURE(event_timer, "nobody keeps a journal who was not told to") {
  sample(10ms);

  CHECK(!database.content.contains("journal"));
  CHECK(database.expiry.empty());
}
