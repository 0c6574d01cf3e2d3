// SPDX-License-Identifier: MIT
#include "runtime/sql/sql_format.hpp"

#include "messages/connector_limits.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace edgeless;

TEST_CASE("sql format: SQL alone has the id of the workflow as its parameter") {
  auto x = parse_sql_request("SELECT 1 WHERE id=$1", "w");
  REQUIRE(x);
  CHECK(x->is_plain);
  CHECK(x->statement.text == "SELECT 1 WHERE id=$1");
  CHECK(x->statement.parameters == std::vector<sql_value>{"w"});
}

TEST_CASE("sql format: parameters of JSON follow the id, with their types") {
  auto x = parse_sql_request(
    R"( {"sql":"S","parameters":[null,true,-7,1.5,"t",[1],{"a":2},)"
    R"(18446744073709551615]})",
    "w");
  REQUIRE(x);
  CHECK(!x->is_plain);
  CHECK(x->statement.text == "S");
  CHECK(x->statement.parameters
        == std::vector<sql_value>{
          "w", std::monostate{}, true, std::int64_t{-7}, 1.5, "t",
          sql_json{"[1]"}, sql_json{R"({"a":2})"}, 18446744073709551615.0});
  CHECK(parse_sql_request(R"({"sql":"S"})", "w")->statement.parameters.size()
        == 1);
}

TEST_CASE("sql format: what is neither is refused") {
  for (std::string text :
       {"", " \n", "{", "{}", R"({"sql":1})", R"({"sql":""})",
        R"({"sql":"S","parameters":1})", R"({"sql":"S","extra":1})", "\xff",
        R"({"sql":"S"} x)"})
    CHECK_MESSAGE(!parse_sql_request(text, "w"), text);
  CHECK(!parse_sql_request(std::string{"SELECT\0 1", 9}, "w"));
  CHECK(!parse_sql_request(std::string(limits::sql_text + 1, 'x'), "w"));
  std::string many = R"({"sql":"S","parameters":[0)";
  for (std::size_t i = 1; i < limits::sql_parameters; ++i)
    many += ",0";
  CHECK(!parse_sql_request(many + "]}", "w"));
}

TEST_CASE("sql format: plain answers are those of EDGELESS") {
  sql_result rows{
    {"id", "metadata"}, {{"w", sql_json{R"({"foo":1.5})"}}, {"x", "y"}}, 0, 0};
  CHECK(print_sql_result(rows, true) == R"({"id":"w","metadata":{"foo":1.5}})");
  rows.rows.clear();
  CHECK(print_sql_result(rows, true)
        == "no rows returned by a query that expected to return at least one "
           "row");
  CHECK(print_sql_result({{}, {}, 2, 7}, true)
        == "rows_affected: 2, last_insert_rowid: 7.");
  CHECK(print_sql_refusal("why", true) == "why");
}

TEST_CASE("sql format: answers in JSON have all rows, with their types") {
  sql_result rows{{"a", "b"},
                  {{std::monostate{}, true},
                   {std::int64_t{1}, 2.5},
                   {"t\"", sql_bytes{"\xff"}},
                   {sql_json{"[1]"}, sql_json{"no json"}},
                   {std::numeric_limits<double>::infinity(), "\xff"}},
                  0,
                  0};
  CHECK(print_sql_result(rows, false)
        == R"({"rows":[{"a":null,"b":true},{"a":1,"b":2.5},)"
           R"({"a":"t\"","b":"/w=="},{"a":[1],"b":"no json"},)"
           R"({"a":"inf","b":"/w=="}]})");
  CHECK(print_sql_result({{}, {}, 2, 7}, false)
        == R"({"rows_affected":2,"last_insert_rowid":7})");
  CHECK(print_sql_refusal("w\"", false) == R"({"error":"w\""})");
}

TEST_CASE("sql format: statements that only read may be repeated") {
  for (auto text : {"SELECT 1", " \n(select 1)", "Select"})
    CHECK_MESSAGE(is_repeatable(text), text);
  for (auto text : {"", "INSERT INTO t SELECT 1", "WITH a AS (SELECT 1) DELETE",
                    "UPDATE t SET a = 1", "sel"})
    CHECK_MESSAGE(!is_repeatable(text), text);
}

TEST_CASE("sql format: names of parameters") {
  CHECK(sql_parameter_number("$1") == 1);
  CHECK(sql_parameter_number("?12") == 12);
  for (auto text :
       {"", "$", "$x", "$1x", ":1", "$-1", "$99999999999999999999999"})
    CHECK_MESSAGE(sql_parameter_number(text) == 0, text);
}
