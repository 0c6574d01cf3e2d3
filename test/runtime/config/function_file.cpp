// SPDX-License-Identifier: MIT
#include "runtime/config/function_file.hpp"

#include "test/fixtures/temporary_folder.hpp"

#include "messages/errors.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

namespace {

caf::expected<function_file> load(const std::string& text) {
  folder in;
  in.write("function.json", text);
  return load_function_file(in / "function.json");
}

} // namespace

TEST_CASE("function file: loads EDGELESS' function.json unchanged") {
  auto function = load(R"({
    "id": "vector_mul",
    "function_type": "RUST_WASM",
    "version": "0.1",
    "build": "Cargo.toml",
    "outputs": [
        "metric",
        "out"
    ]
})");

  REQUIRE(function);
  CHECK(function->id == "vector_mul");
  CHECK(function->build == "Cargo.toml");
  CHECK(function->outputs == std::vector<std::string>{"metric", "out"});
}

TEST_CASE("function file: a function without a build entry is built by Cargo") {
  auto function = load(R"({"id": "x", "function_type": "RUST_WASM",
                           "version": "0.1", "outputs": []})");
  REQUIRE(function);
  CHECK(function->build == "Cargo.toml");
}

TEST_CASE("function file: the error lists all faults") {
  folder in;
  in.write("f.json", R"({"id": "../x", "function_type": "CONTAINER",
                         "build": "/etc/passwd", "outputs": 1})");
  auto function = load_function_file(in / "f.json");
  auto file = (in / "f.json").string();

  REQUIRE(!function);
  CHECK(explain(function.error())
        == file + ": id \"../x\" is no file name\n" + file
             + ": function_type \"CONTAINER\" cannot be built; RUST_WASM can\n"
             + file + ": version is missing\n" + file
             + ": outputs must be an array of strings\n" + file
             + ": build \"/etc/passwd\" is no file name");
}

TEST_CASE(
  "function file: a JSON syntax error is reported with line and column") {
  auto function = load("{\"id\" 1}");
  REQUIRE(!function);
  CHECK(explain(function.error()).ends_with("function.json:1:7: syntax error"));
}

TEST_CASE("function file: the isolation preference is read and validated") {
  const std::string head = R"({"id": "x", "function_type": "RUST_WASM",
    "version": "0.1", "outputs": [], "isolation": )";
  auto apart = load(head + R"("process"})");
  REQUIRE(apart);
  CHECK(apart->where == isolation::process);

  auto wrong = load(head + R"("cell"})");
  REQUIRE(!wrong);
  CHECK(explain(wrong.error()).find("\"cell\" is not one of shared, process")
        != std::string::npos);
}
