// SPDX-License-Identifier: MIT
#include "runtime/drivers/postgresql/postgresql_values.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("postgresql values: columns by their types") {
  CHECK(value_of_postgresql(16, "t") == sql_value{true});
  CHECK(value_of_postgresql(16, "f") == sql_value{false});
  CHECK(value_of_postgresql(20, "-9223372036854775808")
        == sql_value{std::int64_t{-9223372036854775807 - 1}});
  CHECK(value_of_postgresql(701, "0.1") == sql_value{0.1});
  CHECK(value_of_postgresql(1700, "12.50") == sql_value{12.5});
  CHECK(value_of_postgresql(3802, "{\"a\": 1}")
        == sql_value{sql_json{"{\"a\": 1}"}});
  CHECK(value_of_postgresql(17, "\\x00ff")
        == sql_value{sql_bytes{std::string{"\0\xff", 2}}});
  CHECK(value_of_postgresql(25, "text") == sql_value{"text"});
  CHECK(value_of_postgresql(1184, "2026-11-30 21:00:00+00")
        == sql_value{"2026-11-30 21:00:00+00"});
}

TEST_CASE("postgresql values: what is not of its type stays a text") {
  CHECK(value_of_postgresql(20, "9999999999999999999")
        == sql_value{"9999999999999999999"});
  CHECK(value_of_postgresql(20, "") == sql_value{""});
  CHECK(value_of_postgresql(1700, "1e999") == sql_value{"1e999"});
  for (auto text : {"\\x0", "\\x0g", "x00", ""})
    CHECK(value_of_postgresql(17, text) == sql_value{text});
}

TEST_CASE("postgresql values: parameters as texts") {
  CHECK(!text_for_postgresql(std::monostate{}));
  CHECK(text_for_postgresql(true) == "true");
  CHECK(text_for_postgresql(std::int64_t{-7}) == "-7");
  CHECK(text_for_postgresql(0.1) == "0.1");
  CHECK(text_for_postgresql("it's") == "it's");
  CHECK(text_for_postgresql(sql_json{"[1]"}) == "[1]");
  CHECK(text_for_postgresql(sql_bytes{std::string{"\0\xff", 2}}) == "\\x00ff");
}
