// SPDX-License-Identifier: MIT
#include "tools/loadgen/redis.hpp"

#include "test/fixtures/memory_redis.hpp"

#include "tools/loadgen/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::benchmark;

namespace {

struct store {
  std::vector<std::string> drain(const std::vector<std::string>& lists) {
    std::vector<std::string> result;
    auto count = it.drain(lists, [&](std::size_t i, const std::string& line) {
      result.push_back(lists[i] + line);
    });
    CHECK(count);
    return result;
  }

  std::shared_ptr<memory_database> database
    = std::make_shared<memory_database>();
  collected it{database->connect()};
};

using lines = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(store, "lists are taken empty, the oldest lines first") {
  database->execute({"RPUSH", "a", "1", "2"});
  database->execute({"RPUSH", "c", "3"});

  CHECK(drain({"a", "b", "c"}) == lines{"a1", "a2", "c3"});
  CHECK(drain({"a", "b", "c"}).empty());
}

TEST_CASE_FIXTURE(store, "what is written meanwhile is taken the next time") {
  for (std::size_t i = 0; i < load_limits::journal_lines + 5; ++i)
    database->execute({"RPUSH", "a", "x"});

  CHECK(drain({"a"}).size() == load_limits::journal_lines);
  CHECK(drain({"a"}).size() == 5);
}

TEST_CASE_FIXTURE(store, "many lists are as good as few") {
  lines keys;
  for (int i = 0; i < 105; ++i) {
    keys.push_back("k" + std::to_string(i));
    database->execute({"RPUSH", keys.back(), "x"});
  }
  CHECK(drain(keys).size() == 105);
  it.forget(keys);
  CHECK(database->content.empty());
}

TEST_CASE_FIXTURE(store, "samples of functions are told by their ids") {
  database->execute({"LPUSH", "function:ID:samples", "1,2.5", "3,4.5"});
  database->execute({"LPUSH", "workflow:wf0:samples", "1,2.5"});
  database->execute({"SET", "function:ID:average", "1"});
  lines all;
  CHECK(!it.function_samples(
    [&](auto& id, auto& x) { all.push_back(id + " " + x); }));

  CHECK(all == lines{"ID 1,2.5", "ID 3,4.5"});
}

TEST_CASE_FIXTURE(store, "a Redis that is away is an error") {
  database->down = true;

  CHECK(it.ping());
  CHECK(!it.drain({"a"}, [](std::size_t, const std::string&) {}));
  CHECK(it.function_samples([](auto&, auto&) {}));
}

TEST_CASE_FIXTURE(store, "a key that is something else has no lines") {
  database->execute({"SET", "a", "1"});
  database->execute({"SET", "function:ID:samples", "1"});

  CHECK(drain({"a"}).empty());
  CHECK(!it.function_samples([](auto&, auto&) { FAIL("a sample"); }));
}
