// SPDX-License-Identifier: MIT
#include "runtime/config/json_reader.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

using lines = std::vector<std::string>;

namespace {

std::string syntax_error(std::string_view text) {
  auto document = parse_json(text);
  REQUIRE(!document);
  return explain(document.error());
}

/// A document and the faults found in it.
struct document {
  explicit document(std::string_view text) : value(*parse_json(text)) {
    // nop
  }

  json_section root() {
    return {&value.as_object(), "", faults};
  }

  boost::json::value value;
  fault_list faults;
};

} // namespace

TEST_CASE("json reader: a syntax error is reported with line and column") {
  CHECK(syntax_error("{\n  \"a\": 1,\n  b\n}") == "3:3: syntax error");
  CHECK(syntax_error("") == "1:1: incomplete JSON");
  CHECK(syntax_error("{\"a\": 1} x") == "1:10: extra data");
}

TEST_CASE("json reader: a key that is there twice is an error with both "
          "places") {
  CHECK(syntax_error("{\n  \"a\": 1,\n  \"b\": {}, \"a\": 2\n}")
        == "3:12: the key \"a\" is there twice, first at 2:3");
  CHECK(syntax_error(R"({"o": [{}, {"k": "k", "\u006b" : 0}]})")
        == "1:23: the key \"\\u006b\" is there twice, first at 1:13");
  CHECK(parse_json(R"([{"a": "a"}, {"a": {"a": ["a", "a"]}, "A": "\":"}])"));
}

TEST_CASE("json reader: a word is not empty") {
  document doc{R"({"a": "x", "b": "", "c": 1})"};
  auto root = doc.root();

  CHECK(root.word("a") == "x");
  CHECK(root.word("b", "?") == "?");
  CHECK(root.word("c", "?") == "?");
  CHECK(root.word("d", "?") == "?");
  CHECK(doc.faults.sentences
        == lines{"b is empty", "c must be a string", "d is missing"});
}

TEST_CASE("json reader: refuses documents that are nested too deeply") {
  CHECK(!parse_json(std::string(1000, '[') + std::string(1000, ']')));
}

TEST_CASE("json reader: reads values by their keys") {
  document doc{R"({"a": "x", "list": ["1", "2"], "map": {"k": "v"},
                   "inner": {"b": "y"}, "items": [{"c": "z"}]})"};
  auto root = doc.root();

  CHECK(root.text("a") == "x");
  CHECK(root.texts("list") == lines{"1", "2"});
  CHECK(root.text_map("map").at("k") == "v");
  CHECK(root.section("inner").text("b") == "y");
  CHECK(root.sections("items").at(0).text("c") == "z");
  CHECK(doc.faults.sentences.empty());
}

TEST_CASE("json reader: a missing value is reported with its path") {
  document doc{R"({"inner": {}, "items": [{}]})"};
  auto root = doc.root();
  doc.faults.subject = "f1";

  CHECK(root.text("a", "instead") == "instead");
  root.section("inner").texts("b");
  root.sections("items").at(0).text_map("c");
  root.section("other").text("d");

  CHECK(doc.faults.sentences
        == lines{"f1: a is missing", "f1: inner.b is missing",
                 "f1: items[0].c is missing", "f1: other is missing"});
}

TEST_CASE(
  "json reader: a value of the wrong type is reported with the expected type") {
  document doc{R"({"a": 1, "list": ["1", 2], "map": {"k": 3},
                   "inner": [], "items": [4]})"};
  auto root = doc.root();
  root.text("a");
  root.texts("list");
  root.text_map("map");
  root.section("inner");
  root.sections("items");

  CHECK(doc.faults.sentences
        == lines{"a must be a string", "list must be an array of strings",
                 "map must be an object with string values",
                 "inner must be an object", "items[0] must be an object"});
}

TEST_CASE(
  "json reader: an optional value may be absent, but not of the wrong type") {
  document doc{R"({"a": null, "b": 1})"};
  auto root = doc.root();

  CHECK(root.optional_text("a") == "");
  CHECK(root.optional_text("x") == "");
  CHECK(doc.faults.sentences.empty());
  root.optional_text("b");
  CHECK(doc.faults.sentences == lines{"b must be a string"});
}

TEST_CASE("json reader: one byte order mark in front is skipped") {
  auto value = parse_json("\xef\xbb\xbf{\"a\": 1}");
  REQUIRE(value);
  CHECK(value->at("a").as_int64() == 1);

  auto fault = parse_json("\xef\xbb\xbf{]");
  REQUIRE(!fault);
  CHECK(explain(fault.error()).starts_with("1:2: "));
  CHECK(!parse_json("\xef\xbb\xbf\xef\xbb\xbf{}"));
}
