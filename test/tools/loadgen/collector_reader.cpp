// SPDX-License-Identifier: MIT
#include "tools/loadgen/collector_reader.hpp"

#include "test/fixtures/memory_redis.hpp"

#include "tools/loadgen/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::benchmark;

namespace {

struct reader_fixture {
  std::vector<std::string> drain(const std::vector<std::string>& lists) {
    std::vector<std::string> result;
    auto count
      = reader.drain(lists, [&](std::size_t i, const std::string& line) {
          result.push_back(lists[i] + line);
        });
    CHECK(count);
    return result;
  }

  std::shared_ptr<memory_database> database
    = std::make_shared<memory_database>();
  collector_reader reader{database->connect()};
};

using lines = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(reader_fixture,
                  "collector reader: drains lists, the oldest lines first") {
  database->execute({"RPUSH", "a", "1", "2"});
  database->execute({"RPUSH", "c", "3"});

  CHECK(drain({"a", "b", "c"}) == lines{"a1", "a2", "c3"});
  CHECK(drain({"a", "b", "c"}).empty());
}

TEST_CASE_FIXTURE(
  reader_fixture,
  "collector reader: a further call drains the lines beyond the first "
  "page") {
  for (std::size_t i = 0; i < load_limits::journal_lines + 5; ++i)
    database->execute({"RPUSH", "a", "x"});

  CHECK(drain({"a"}).size() == load_limits::journal_lines);
  CHECK(drain({"a"}).size() == 5);
}

TEST_CASE_FIXTURE(
  reader_fixture,
  "collector reader: drains more lists than one request holds") {
  lines keys;
  for (int i = 0; i < 105; ++i) {
    keys.push_back("k" + std::to_string(i));
    database->execute({"RPUSH", keys.back(), "x"});
  }
  CHECK(drain(keys).size() == 105);
  reader.remove(keys);
  CHECK(database->content.empty());
}

TEST_CASE_FIXTURE(
  reader_fixture,
  "collector reader: passes the samples of functions with their ids") {
  database->execute({"LPUSH", "function:ID:samples", "1,2.5", "3,4.5"});
  database->execute({"LPUSH", "workflow:wf0:samples", "1,2.5"});
  database->execute({"SET", "function:ID:average", "1"});
  lines all;
  CHECK(!reader.read_function_samples(
    [&](auto& id, auto& x) { all.push_back(id + " " + x); }));

  CHECK(all == lines{"ID 1,2.5", "ID 3,4.5"});
}

TEST_CASE_FIXTURE(reader_fixture,
                  "collector reader: a Redis that is down is an error") {
  database->down = true;

  CHECK(reader.ping());
  CHECK(!reader.drain({"a"}, [](std::size_t, const std::string&) {}));
  CHECK(reader.read_function_samples([](auto&, auto&) {}));
}

TEST_CASE_FIXTURE(reader_fixture,
                  "collector reader: a key of another type has no lines") {
  database->execute({"SET", "a", "1"});
  database->execute({"SET", "function:ID:samples", "1"});

  CHECK(drain({"a"}).empty());
  CHECK(!reader.read_function_samples([](auto&, auto&) { FAIL("a sample"); }));
}
