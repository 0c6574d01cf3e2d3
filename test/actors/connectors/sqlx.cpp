// SPDX-License-Identifier: MIT
#include "actors/connectors/sqlx.hpp"

#include "test/actors/connectors/resource_fixture.hpp"
#include "test/fixtures/temporary_folder.hpp"

#include "runtime/sql/sqlite_driver.hpp"

using namespace edgeless;
using namespace edgeless::test;

namespace {

using texts = std::vector<std::string>;

struct sqlx_fixture {
  std::unique_ptr<bare_resource>
  make(std::map<std::string, std::string> settings = {}) {
    settings.emplace("url", "sqlite://a.db");
    return std::make_unique<bare_resource>(type, std::move(settings));
  }

  std::string call(bare_resource& to, const std::string& payload) {
    to.send(payload, event_kind::call);
    to.await(to.outcomes.size() + 1);
    return to.outcomes.back();
  }

  folder files;
  resource_counters_ptr counters = std::make_shared<resource_counters>();
  resource_class type
    = sqlx(find_sql_drivers(*make_sqlite_driver(files / "")), counters);
};

} // namespace

TEST_CASE_FIXTURE(sqlx_fixture,
                  "sqlx: the statements of EDGELESS' example, with its "
                  "answers") {
  auto x = make();
  x->begin();
  auto id = to_string(x->spec.workflow);
  CHECK(call(*x, "INSERT INTO WorkflowState (id, metadata) Values($1, "
                 "'{\"foo\":42.0,\"bar\":\"initial\"}')")
        == "rows_affected: 1, last_insert_rowid: 1.");
  CHECK(call(*x, "SELECT id, metadata FROM WorkflowState WHERE id=$1")
        == R"({"id":")" + id + R"(","metadata":{"foo":42.0,"bar":"initial"}})");
  CHECK(call(*x, "DELETE FROM WorkflowState WHERE id=$1")
          .starts_with("rows_affected: 1"));
  CHECK(call(*x, "SELECT id, metadata FROM WorkflowState WHERE id=$1")
          .starts_with("no rows returned"));
  CHECK(counters->statements_executed == 4);
}

TEST_CASE_FIXTURE(sqlx_fixture, "sqlx: parameters and rows in JSON") {
  auto x = make();
  x->begin();
  CHECK(call(*x, R"x({"sql":"CREATE TABLE t (w, a REAL, b TEXT)"})x")
        == R"x({"rows_affected":0,"last_insert_rowid":0})x");
  CHECK(call(*x, R"x({"sql":"INSERT INTO t VALUES ($1, $2, $3)",)x"
                 R"x("parameters":[1.5,"it's"]})x")
        == R"x({"rows_affected":1,"last_insert_rowid":1})x");
  CHECK(call(*x, R"x({"sql":"SELECT a, b, w = $1 AS own FROM t"})x")
        == R"x({"rows":[{"a":1.5,"b":"it's","own":1}]})x");
}

TEST_CASE_FIXTURE(
  sqlx_fixture, "sqlx: a call gets the reason of a refusal; a cast fails, and "
                "both are counted") {
  auto x = make();
  x->begin();
  CHECK(call(*x, "SELECT absent") == "no such column: absent");
  CHECK(call(*x, R"({"sql":"SELECT absent"})")
        == R"({"error":"no such column: absent"})");
  x->send("SELECT absent");
  x->await(3);
  CHECK(x->outcomes.back() == "failed: sqlx: no such column: absent");
  CHECK(counters->statements_refused == 3);
}

TEST_CASE_FIXTURE(sqlx_fixture, "sqlx: what is no statement fails at once") {
  auto x = make();
  x->begin();
  x->send("{\"sql\":1}");
  CHECK(x->outcomes.size() == 1);
  CHECK(counters->statements_failed == 1);
}

TEST_CASE_FIXTURE(sqlx_fixture, "sqlx: a slow statement fails in time") {
  auto x = make({{"timeout-ms", "50"}});
  x->begin();
  CHECK(call(*x, "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
                 "c) SELECT max(i) FROM c")
          .starts_with("failed: sqlx: "));
  CHECK(counters->statements_failed == 1);
  CHECK(call(*x, "SELECT 1 AS one") == R"({"one":1})");
}

TEST_CASE_FIXTURE(sqlx_fixture,
                  "sqlx: casts of one source are executed in order") {
  auto x = make();
  x->begin();
  x->send("CREATE TABLE t (i INTEGER PRIMARY KEY, v)");
  for (auto i = 0; i < 100; ++i)
    x->send("INSERT INTO t (v) VALUES (" + std::to_string(i) + ")");
  x->await(101);
  CHECK(call(*x, "SELECT count(*) AS n FROM t WHERE i = v + 1")
        == R"({"n":100})");
}

TEST_CASE_FIXTURE(sqlx_fixture,
                  "sqlx: resources with one URL share the connections") {
  auto a = make();
  auto b = make();
  a->begin();
  b->begin();
  call(*a, "CREATE TABLE t (i)");
  CHECK(call(*b, "SELECT count(*) AS n FROM t") == R"({"n":0})");
  CHECK(counters->sql_connections == 1);
  a.reset();
  CHECK(counters->sql_connections == 1);
  b.reset();
  CHECK(counters->sql_connections == 0);
}

TEST_CASE_FIXTURE(sqlx_fixture, "sqlx: what is misconfigured is refused") {
  for (auto url : {"", "mysql://localhost/x", "sqlite://../a.db", "a.db"}) {
    bare_resource x{type, {{"url", url}}};
    CHECK_MESSAGE(x.problem, url);
  }
  for (auto time : {"0", "x", "600001", "-1"})
    CHECK_MESSAGE(make({{"timeout-ms", time}})->problem, time);
}
