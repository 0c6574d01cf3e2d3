// SPDX-License-Identifier: MIT
#include "tools/loadgen/workflows/source.hpp"

#include "test/fixtures/temporary_folder.hpp"

#include "tools/loadgen/random.hpp"
#include "tools/loadgen/workflows/workflow_shapes.hpp"
#include "tools/loadgen/workflows/workflow_template.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::benchmark;

namespace {

caf::error accept_all_but_bad(std::string_view bytes) {
  return bytes == "bad" ? fail(ec::bad_module, "is no module") : caf::error{};
}

std::string refusal(const std::string& type) {
  auto result = open_source(type, accept_all_but_bad);
  return result ? "" : explain(result.error());
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

template <class T>
std::string problem_of(const caf::expected<T>& x) {
  return x ? "" : explain(x.error());
}

} // namespace

TEST_CASE("workflow template: holds the defaults") {
  auto x = parse_template<map_reduce>("x", template_of<map_reduce>());
  REQUIRE(x);
  CHECK(template_of(*x) == template_of<map_reduce>());
  CHECK(x->max_fibonacci == 5000);
  CHECK(explain_source("map-reduce;template") == template_of<map_reduce>());
  CHECK(explain_source("help"));
  CHECK(!explain_source("single;template"));
}

TEST_CASE("workflow template: a file must have all keys and no others") {
  auto read = [](const std::string& text) {
    return problem_of(parse_template<vector_chain>("x.json", text));
  };
  auto good = template_of<vector_chain>();
  auto with = [&](const std::string& from, const std::string& to) {
    auto text = good;
    text.replace(text.find(from), from.size(), to);
    return read(text);
  };
  CHECK(read(good) == "");
  CHECK(contains(read("[]"), "x.json: must be an object"));
  CHECK(contains(read("{"), "x.json:1:"));
  CHECK(contains(read("{}"), "min_chain_length is missing"));
  CHECK(contains(with(": 1,", ": \"1\","), "min_chain_length must be an int"));
  CHECK(contains(with(": 1,", ": -1,"), "min_chain_length must be an int"));
  CHECK(contains(with(": 1,", ": 4294967296,"), "min_chain_length must be a"));
  CHECK(
    contains(with(": 1,", ": 9,"), "min_chain_length and max_chain_length"));
  CHECK(contains(with("{", "{\"more\": 1,"), "not in the template"));
}

TEST_CASE(
  "workflow template: reads the values from the command line, in order") {
  auto x = parse_words<matrix_chain>({"1", "2", "3", "4", "5", "m.wasm"});
  REQUIRE(x);
  CHECK(x->min_chain_length == 1);
  CHECK(x->max_matrix_size == 4);
  CHECK(x->transaction_interval == 5);
  CHECK(x->function_wasm_path == "m.wasm");
  std::vector<std::string> all(13, "1");
  CHECK(parse_words<map_reduce>(all));
  all.push_back("redis://there");
  CHECK(parse_words<map_reduce>(all)->redis_url == "redis://there");
  CHECK(contains(problem_of(parse_words<matrix_chain>({"1", "2"})),
                 "min_matrix_size is missing"));
  CHECK(contains(problem_of(parse_words<matrix_chain>({"x", "2"})),
                 "min_chain_length must be an integer"));
  all.push_back("more");
  CHECK(
    contains(problem_of(parse_words<map_reduce>(all)), "1 values too many"));
}

TEST_CASE("workflow source: the error for an unknown type lists the types") {
  for (auto type :
       {"", "chaos", "none;1", "single", "single;a", "json-spec", "map-reduce"})
    CHECK_MESSAGE(contains(refusal(type), "single;FUNCTION_JSON;WASM"), type);
}

TEST_CASE(
  "workflow source: a missing file is named before any workflow starts") {
  CHECK(contains(refusal("single;/nowhere/f.json;x"), "/nowhere/f.json"));
  CHECK(contains(refusal("json-spec;/nowhere/w.json"), "/nowhere/w.json"));
  CHECK(contains(refusal("map-reduce;/nowhere/m.json"), "/nowhere/m.json"));
  CHECK(contains(refusal("vector-mul-chain;1;1;1;1;/nowhere/v.wasm"),
                 "/nowhere/v.wasm"));
}

TEST_CASE(
  "workflow source: reads a module once and replaces its path by its id") {
  folder here;
  here.write("v.wasm", "good");
  here.write("bad.wasm", "bad");
  auto path = (here / "v.wasm").string();
  auto source
    = open_source("vector-mul-chain;3;3;1;1;" + path, accept_all_but_bad);
  REQUIRE(source);
  auto x = (*source)->make(0, seeded_random(1));

  REQUIRE(x);
  REQUIRE(x->modules.size() == 1);
  CHECK(x->modules[0].bytes == "good");
  CHECK(x->spec.components[0].code == x->modules[0].code);
  CHECK(x->spec.components[2].code == x->modules[0].code);
  CHECK(contains(
    refusal("vector-mul-chain;1;1;1;1;" + (here / "bad.wasm").string()),
    "is no module"));
}

TEST_CASE("workflow source: replaces @WF_ID by the number of the workflow") {
  folder here;
  here.write("w.json", R"({"functions": [], "annotations": {},
    "resources": [{"name": "log@WF_ID", "class_type": "file-log",
      "output_mapping": {},
      "configurations": {"filename": "@WF_ID@WF_ID"}}]})");
  auto source = open_source("json-spec;" + (here / "w.json").string());
  REQUIRE(source);
  auto x = (*source)->make(17, seeded_random(1));

  REQUIRE(x);
  CHECK(x->spec.components[0].name == "log17");
  CHECK(x->spec.components[0].settings.at("filename") == "1717");
}

TEST_CASE("workflow source: none makes workflows without components") {
  auto source = open_source("none");
  REQUIRE(source);
  CHECK((*source)->make(0, seeded_random(1))->spec.components.empty());
}
