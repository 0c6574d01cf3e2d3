// SPDX-License-Identifier: MIT
#include "runtime/sql/sql_pool.hpp"

#include "messages/connector_limits.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

/// A database that answers what the test says.
struct scripted_database : sql_driver {
  using script
    = std::function<sql_outcome(const sql_statement&, const sql_bounds&)>;

  struct connection : sql_connection {
    explicit connection(scripted_database& to) : to{to} {
      // nop
    }
    sql_outcome execute(const sql_statement& x,
                        const sql_bounds& bounds) override {
      {
        std::lock_guard guard{to.mutex};
        to.seen.push_back(x.text);
      }
      return to.answer(x, bounds);
    }
    scripted_database& to;
  };

  std::string fault_of(const std::string&) override {
    return {};
  }

  std::variant<sql_connection_ptr, sql_failure>
  connect(const sql_options&, const sql_bounds&) override {
    ++attempts;
    if (refusals > 0) {
      --refusals;
      return sql_failure{sql_failure::kind::lost, "no server"};
    }
    return std::make_unique<connection>(*this);
  }

  script answer = [](const sql_statement&, const sql_bounds&) -> sql_outcome {
    return sql_result{};
  };
  std::atomic<int> attempts{0};
  std::atomic<int> refusals{0};
  std::mutex mutex;
  std::vector<std::string> seen;
};

struct sql_pool_fixture {
  sql_pool_fixture() {
    pool = std::make_unique<sql_pool>(database, sql_options{}, counters);
  }

  bool start(std::size_t source, const std::string& text,
             std::chrono::milliseconds time = 10s, bool is_repeatable = false) {
    return pool->start(source, {{text, {}},
                                std::chrono::steady_clock::now() + time,
                                is_repeatable,
                                [this, text](const sql_outcome& x) {
                                  auto* failure = std::get_if<sql_failure>(&x);
                                  std::lock_guard guard{mutex};
                                  done[text] = failure ? failure->reason : "ok";
                                  changed.notify_all();
                                }});
  }

  /// What became of a statement.
  std::string result_of(const std::string& text) {
    std::unique_lock lock{mutex};
    changed.wait_for(lock, 10s, [&] { return done.contains(text); });
    return done.contains(text) ? done[text] : "nothing";
  }

  resource_counters_ptr counters = std::make_shared<resource_counters>();
  std::shared_ptr<scripted_database> database
    = std::make_shared<scripted_database>();
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::string> done;
  std::unique_ptr<sql_pool> pool;
};

} // namespace

TEST_CASE_FIXTURE(sql_pool_fixture,
                  "sql pool: statements of one source keep their order, on one "
                  "connection") {
  std::vector<std::string> expected;
  for (auto i = 0; i < 200; ++i) {
    expected.push_back(std::to_string(i));
    REQUIRE(start(7, expected.back()));
  }
  CHECK(result_of("199") == "ok");
  CHECK(database->seen == expected);
  CHECK(database->attempts == 1);
  CHECK(counters->sql_connections == 1);
  pool.reset();
  CHECK(counters->sql_connections == 0);
}

TEST_CASE_FIXTURE(sql_pool_fixture,
                  "sql pool: a slow statement does not delay other sources") {
  std::atomic<bool> go_on{false};
  database->answer = [&](const sql_statement& x, const sql_bounds& bounds) {
    while (x.text == "slow" && !go_on && !bounds.is_over())
      std::this_thread::yield();
    return sql_result{};
  };
  start(0, "slow");
  start(1, "fast");
  CHECK(result_of("fast") == "ok");
  CHECK(!done.contains("slow"));
  go_on = true;
  CHECK(result_of("slow") == "ok");
}

TEST_CASE_FIXTURE(
  sql_pool_fixture,
  "sql pool: connects again until the deadline of a statement") {
  database->refusals = 2;
  start(0, "a");
  CHECK(result_of("a") == "ok");
  CHECK(counters->sql_connect_failures == 2);

  pool = std::make_unique<sql_pool>(database, sql_options{}, counters);
  database->refusals = 1000;
  start(0, "b", 250ms);
  CHECK(result_of("b") == "no connection to the database: no server");
}

TEST_CASE_FIXTURE(sql_pool_fixture,
                  "sql pool: after a lost connection only what may be executed "
                  "twice is repeated") {
  std::atomic<int> losses{1};
  database->answer
    = [&](const sql_statement&, const sql_bounds&) -> sql_outcome {
    if (losses-- > 0)
      return sql_failure{sql_failure::kind::lost, "broken"};
    return sql_result{};
  };
  start(0, "read", 10s, true);
  CHECK(result_of("read") == "ok");
  losses = 1;
  start(0, "write", 10s, false);
  CHECK(result_of("write") == "broken");
  CHECK(database->seen == std::vector<std::string>{"read", "read", "write"});
}

TEST_CASE_FIXTURE(
  sql_pool_fixture,
  "sql pool: a statement that waited too long is not executed") {
  std::atomic<bool> go_on{false};
  database->answer = [&](const sql_statement&, const sql_bounds&) {
    while (!go_on)
      std::this_thread::yield();
    return sql_result{};
  };
  start(0, "first");
  start(0, "second", 1ms);
  auto late = std::chrono::steady_clock::now() + 5ms;
  while (std::chrono::steady_clock::now() < late)
    std::this_thread::yield();
  go_on = true;
  CHECK(result_of("second") == "the database was not free in time");
  CHECK(database->seen == std::vector<std::string>{"first"});
}

TEST_CASE_FIXTURE(sql_pool_fixture,
                  "sql pool: too many statements are refused, and the end of "
                  "the pool ends them all") {
  database->answer = [](const sql_statement&, const sql_bounds& bounds) {
    while (!bounds.is_over())
      std::this_thread::yield();
    return sql_outcome{sql_failure{sql_failure::kind::late, "late"}};
  };
  std::size_t accepted = 0;
  while (start(0, std::to_string(accepted)))
    ++accepted;
  CHECK(accepted == limits::sql_waiting);
  pool.reset();
  CHECK(done.size() == accepted);
  CHECK(done["5"] == "the resource stops");
}

TEST_CASE_FIXTURE(sql_pool_fixture,
                  "sql pool: makes the table of EDGELESS before the first "
                  "statement that names it") {
  start(0, "SELECT 1");
  start(0, "SELECT * FROM WorkflowState");
  start(0, "DELETE FROM WorkflowState");
  CHECK(result_of("DELETE FROM WorkflowState") == "ok");
  REQUIRE(database->seen.size() == 4);
  CHECK(database->seen[0] == "SELECT 1");
  CHECK(
    database->seen[1].starts_with("CREATE TABLE IF NOT EXISTS WorkflowState"));
}
