// SPDX-License-Identifier: MIT
#include "runtime/sql/sqlite_driver.hpp"

#include "test/fixtures/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace edgeless;
using namespace std::chrono_literals;

namespace {

struct sqlite_fixture {
  sqlite_fixture() : driver{*make_sqlite_driver(files / "")} {
    // nop
  }

  sql_connection_ptr connect(const std::string& url = "sqlite://a.db") {
    auto made = driver->connect({url, 1s, 2}, within(5s));
    if (auto* failure = std::get_if<sql_failure>(&made)) {
      last_failure = *failure;
      return nullptr;
    }
    return std::move(std::get<sql_connection_ptr>(made));
  }

  static sql_bounds within(std::chrono::milliseconds time) {
    return {std::chrono::steady_clock::now() + time, 1u << 20};
  }

  sql_result execute(sql_connection& to, const std::string& text,
                     std::vector<sql_value> parameters = {}) {
    auto done = to.execute({text, std::move(parameters)}, within(5s));
    if (auto* failure = std::get_if<sql_failure>(&done)) {
      FAIL_CHECK(failure->reason);
      return {};
    }
    return std::get<sql_result>(done);
  }

  sql_failure refuse(sql_connection& to, const std::string& text,
                     std::vector<sql_value> parameters = {},
                     std::chrono::milliseconds time = 5s) {
    auto done = to.execute({text, std::move(parameters)}, within(time));
    REQUIRE_MESSAGE(std::holds_alternative<sql_failure>(done), text);
    return std::get<sql_failure>(done);
  }

  folder files;
  std::shared_ptr<sql_driver> driver;
  sql_failure last_failure;
};

} // namespace

TEST_CASE_FIXTURE(sqlite_fixture, "sqlite driver: values keep their types") {
  auto x = connect();
  REQUIRE(x);
  execute(*x, "CREATE TABLE t (b BOOLEAN, i INTEGER, d REAL, s TEXT, j JSONB, "
              "x BLOB, n TEXT)");
  auto done = execute(*x, "INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6, $7)",
                      {true, std::int64_t{1} << 60, 0.1,
                       std::string{"a'b\0c", 5}, sql_json{"{\"k\":1}"},
                       sql_bytes{std::string{"\0\xff", 2}}, std::monostate{}});
  CHECK(done.affected == 1);
  CHECK(done.last_row == 1);

  auto found = execute(*x, "SELECT * FROM t");
  CHECK(found.columns
        == std::vector<std::string>{"b", "i", "d", "s", "j", "x", "n"});
  REQUIRE(found.rows.size() == 1);
  CHECK(found.rows[0]
        == std::vector<sql_value>{
          true, std::int64_t{1} << 60, 0.1, std::string{"a'b\0c", 5},
          sql_json{"{\"k\":1}"}, sql_bytes{std::string{"\0\xff", 2}},
          std::monostate{}});
}

TEST_CASE_FIXTURE(sqlite_fixture,
                  "sqlite driver: a parameter is a value, whatever it says") {
  auto x = connect();
  execute(*x, "CREATE TABLE t (s TEXT)");
  execute(*x, "INSERT INTO t VALUES ($1)", {"'); DROP TABLE t; --"});
  CHECK(execute(*x, "SELECT s FROM t").rows.at(0).at(0)
        == sql_value{"'); DROP TABLE t; --"});
}

TEST_CASE_FIXTURE(
  sqlite_fixture,
  "sqlite driver: parameters by number, in any order, more than "
  "once, or not at all") {
  auto x = connect();
  std::vector<sql_value> given{std::string{"w"}, std::int64_t{2},
                               std::int64_t{3}};
  CHECK(execute(*x, "SELECT $3, $2, $3", given).rows.at(0)
        == std::vector<sql_value>{std::int64_t{3}, std::int64_t{2},
                                  std::int64_t{3}});
  CHECK(execute(*x, "SELECT ?2, ?", given).rows.at(0)
        == std::vector<sql_value>{std::int64_t{2}, std::int64_t{3}});
  CHECK(execute(*x, "SELECT 1", given).rows.size() == 1);
  CHECK(refuse(*x, "SELECT $4", given).reason.find("$4") != std::string::npos);
  CHECK(refuse(*x, "SELECT :name", given).what == sql_failure::kind::refused);
}

TEST_CASE_FIXTURE(sqlite_fixture,
                  "sqlite driver: statements are prepared once, the least used "
                  "one is given up") {
  auto x = connect();
  execute(*x, "CREATE TABLE t (i)");
  for (auto i = 0; i < 10; ++i)
    for (auto text : {"INSERT INTO t VALUES ($1)", "SELECT count(*) FROM t",
                      "SELECT max(i) FROM t"})
      execute(*x, text, {std::int64_t{i}});
  CHECK(execute(*x, "SELECT max(i) FROM t").rows.at(0).at(0)
        == sql_value{std::int64_t{9}});
}

TEST_CASE_FIXTURE(
  sqlite_fixture,
  "sqlite driver: a mistake is refused with the reason, and the "
  "connection goes on") {
  auto x = connect();
  CHECK(refuse(*x, "SELEC 1").reason.find("syntax error") != std::string::npos);
  CHECK(refuse(*x, "SELECT 1; SELECT 2").reason
        == "it is more than one statement");
  CHECK(refuse(*x, "  ").reason == "it is no statement");
  execute(*x, "SELECT 1 ; ");
}

TEST_CASE_FIXTURE(sqlite_fixture,
                  "sqlite driver: statements reach no other file, no setting, "
                  "and keep no transaction") {
  auto x = connect();
  auto other = (files / "other.db").string();
  execute(*x, "CREATE TABLE t (i)");
  for (auto text :
       {"ATTACH DATABASE '" + other + "' AS o", "VACUUM INTO '" + other + "'",
        std::string{"BEGIN"}, std::string{"SAVEPOINT a"},
        std::string{"PRAGMA max_page_count = 1000000000"},
        std::string{"PRAGMA journal_mode = DELETE"},
        std::string{"SELECT load_extension('/tmp/x.so')"},
        std::string{"UPDATE sqlite_schema SET sql = 'x'"}})
    CHECK_MESSAGE(refuse(*x, text).what == sql_failure::kind::refused, text);
  CHECK(!std::filesystem::exists(other));
}

TEST_CASE_FIXTURE(sqlite_fixture,
                  "sqlite driver: databases are files of the folder only") {
  std::filesystem::create_symlink("/etc/passwd", files / "link.db");
  for (auto url :
       {"sqlite://../x.db", "sqlite:///tmp/edgeless-outside.db", "sqlite://",
        "sqlite::memory:", "sqlite://:memory:", "file:a.db", "a.db",
        "sqlite://link.db", "sqlite://", "sqlite://no/such/folder/a.db"}) {
    CHECK_MESSAGE(!driver->fault_of(url).empty(), url);
    CHECK_MESSAGE(!connect(url), url);
  }
  CHECK(driver->fault_of("sqlite://a.db?mode=rwc").empty());
  CHECK(connect("sqlite:b.db"));
}

TEST_CASE_FIXTURE(sqlite_fixture, "sqlite driver: a file that is no database "
                                  "is an error") {
  files.write("a.db", std::string(10'000, 'x'));
  CHECK(!connect());
  CHECK(last_failure.reason.find("a.db") != std::string::npos);
}

TEST_CASE_FIXTURE(
  sqlite_fixture,
  "sqlite driver: a statement ends at its deadline, and when it "
  "is not wanted anymore") {
  auto x = connect();
  const auto endless
    = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) "
      "SELECT max(i) FROM c";
  CHECK(refuse(*x, endless, {}, 50ms).what == sql_failure::kind::late);

  std::atomic<bool> stop{false};
  auto bounds = within(30s);
  bounds.is_stopped = &stop;
  std::thread stopper{[&] {
    std::this_thread::yield();
    stop = true;
  }};
  auto done = x->execute({endless, {}}, bounds);
  stopper.join();
  CHECK(std::holds_alternative<sql_failure>(done));
}

TEST_CASE_FIXTURE(sqlite_fixture, "sqlite driver: results are bounded") {
  auto x = connect();
  auto why = refuse(*x, "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + "
                        "1 FROM c LIMIT 1000000) SELECT i FROM c");
  CHECK(why.reason.find("larger than 1048576 bytes") != std::string::npos);
}

TEST_CASE_FIXTURE(sqlite_fixture,
                  "sqlite driver: two connections wait for each other's lock, "
                  "until the deadline") {
  auto a = connect();
  auto b = connect();
  execute(*a, "CREATE TABLE t (i)");
  std::thread writer{[&] {
    for (auto i = 0; i < 50; ++i)
      execute(*a, "INSERT INTO t VALUES (1)");
  }};
  for (auto i = 0; i < 50; ++i)
    execute(*b, "INSERT INTO t VALUES (2)");
  writer.join();
  CHECK(execute(*b, "SELECT count(*) FROM t").rows.at(0).at(0)
        == sql_value{std::int64_t{100}});
}
