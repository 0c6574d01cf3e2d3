// SPDX-License-Identifier: MIT
#include "tools/loadgen/source.hpp"

#include "test/fixtures/temporary_folder.hpp"

#include "tools/loadgen/random.hpp"
#include "tools/loadgen/workflow_shapes.hpp"
#include "tools/loadgen/workflow_template.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::benchmark;

namespace {

caf::error anything(std::string_view bytes) {
  return bytes == "bad" ? fail(ec::bad_module, "is no module") : caf::error{};
}

std::string refusal(const std::string& type) {
  auto result = open_source(type, anything);
  return result ? "" : explain(result.error());
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

template <class T>
std::string problem_of(const caf::expected<T>& x) {
  return x ? "" : explain(x.error());
}

} // namespace

TEST_CASE("a template says what holds without it") {
  auto x = parse_template<map_reduce>("x", template_of<map_reduce>());
  REQUIRE(x);
  CHECK(template_of(*x) == template_of<map_reduce>());
  CHECK(x->max_fibonacci == 5000);
  CHECK(explain_source("map-reduce;template") == template_of<map_reduce>());
  CHECK(explain_source("help"));
  CHECK(!explain_source("single;template"));
}

TEST_CASE("a file must have all keys of its template, and no others") {
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
  CHECK(says(read("[]"), "x.json: must be an object"));
  CHECK(says(read("{"), "x.json:1:"));
  CHECK(says(read("{}"), "min_chain_length is missing"));
  CHECK(says(with(": 1,", ": \"1\","), "min_chain_length must be a whole"));
  CHECK(says(with(": 1,", ": -1,"), "min_chain_length must be a whole"));
  CHECK(says(with(": 1,", ": 4294967296,"), "min_chain_length must be a"));
  CHECK(says(with(": 1,", ": 9,"), "min_chain_length and max_chain_length"));
  CHECK(says(with("{", "{\"more\": 1,"), "not in the template"));
}

TEST_CASE("the values can stand on the command line, in order") {
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
  CHECK(says(problem_of(parse_words<matrix_chain>({"1", "2"})),
             "min_matrix_size is missing"));
  CHECK(says(problem_of(parse_words<matrix_chain>({"x", "2"})),
             "min_chain_length must be a whole number"));
  all.push_back("more");
  CHECK(says(problem_of(parse_words<map_reduce>(all)), "1 values too many"));
}

TEST_CASE("unknown types are told which ones there are") {
  for (auto type :
       {"", "chaos", "none;1", "single", "single;a", "json-spec", "map-reduce"})
    CHECK_MESSAGE(says(refusal(type), "single;FUNCTION_JSON;WASM"), type);
}

TEST_CASE("files that are missing are named before anything is started") {
  CHECK(says(refusal("single;/nowhere/f.json;x"), "/nowhere/f.json"));
  CHECK(says(refusal("json-spec;/nowhere/w.json"), "/nowhere/w.json"));
  CHECK(says(refusal("map-reduce;/nowhere/m.json"), "/nowhere/m.json"));
  CHECK(says(refusal("vector-mul-chain;1;1;1;1;/nowhere/v.wasm"),
             "/nowhere/v.wasm"));
}

TEST_CASE("modules are read once, and stand in the workflow by their ids") {
  folder here;
  here.write("v.wasm", "good");
  here.write("bad.wasm", "bad");
  auto path = (here / "v.wasm").string();
  auto source = open_source("vector-mul-chain;3;3;1;1;" + path, anything);
  REQUIRE(source);
  auto x = (*source)->make(0, seeded_chance(1));

  REQUIRE(x);
  REQUIRE(x->modules.size() == 1);
  CHECK(x->modules[0].bytes == "good");
  CHECK(x->spec.components[0].code == x->modules[0].code);
  CHECK(x->spec.components[2].code == x->modules[0].code);
  CHECK(
    says(refusal("vector-mul-chain;1;1;1;1;" + (here / "bad.wasm").string()),
         "is no module"));
}

TEST_CASE("in a file, @WF_ID is the number of the workflow") {
  folder here;
  here.write("w.json", R"({"functions": [], "annotations": {},
    "resources": [{"name": "log@WF_ID", "class_type": "file-log",
      "output_mapping": {},
      "configurations": {"filename": "@WF_ID@WF_ID"}}]})");
  auto source = open_source("json-spec;" + (here / "w.json").string());
  REQUIRE(source);
  auto x = (*source)->make(17, seeded_chance(1));

  REQUIRE(x);
  CHECK(x->spec.components[0].name == "log17");
  CHECK(x->spec.components[0].settings.at("filename") == "1717");
}

TEST_CASE("none has nothing to start") {
  auto source = open_source("none");
  REQUIRE(source);
  CHECK((*source)->make(0, seeded_chance(1))->spec.components.empty());
}
