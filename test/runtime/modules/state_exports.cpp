// SPDX-License-Identifier: MIT
#include "runtime/modules/state_exports.hpp"

#include "test/fixtures/wasm_fixture.hpp"

#include "runtime/modules/module_outline.hpp"
#include "runtime/modules/module_validation.hpp"

#include <algorithm>
#include <span>

using namespace edgeless;
using namespace std::string_literals;
using edgeless::test::lines;
using edgeless::test::read_module;

namespace {

/// Why the state of a module cannot be captured.
std::string refusal(const std::string& module) {
  std::string reason;
  auto result = export_state(module, reason);
  CHECK(result.has_value() == reason.empty());
  return reason;
}

lines added_exports(const std::string& module) {
  std::string reason;
  auto prepared = export_state(module, reason);
  REQUIRE_MESSAGE(prepared, reason);
  auto outline = read_outline(*prepared, reason);
  REQUIRE(outline);
  lines result;
  for (auto& x : outline->exports)
    if (x.name.starts_with(state_export_prefix))
      result.push_back(std::string{x.name} + " " + std::to_string(x.index));
  return result;
}

/// A module of the given sections, each an id and its content.
std::string module_of(std::initializer_list<std::pair<char, std::string>> all) {
  auto result = "\0asm\1\0\0\0"s;
  for (auto& [id, content] : all)
    result += id + std::string(1, static_cast<char>(content.size())) + content;
  return result;
}

const auto exported_memory = "\1\6memory\2\0"s;
const auto one_memory = "\1\0\1"s;

/// A module with one function of this code.
std::string module_with_code(const std::string& code) {
  auto size = [](const std::string& x) {
    return std::string(1, static_cast<char>(x.size())) + x;
  };
  return module_of({{1, "\1\x60\0\0"s},
                    {3, "\1\0"s},
                    {5, one_memory},
                    {7, exported_memory},
                    {10, "\1"s + size("\0"s + code + "\x0b"s)}});
}

} // namespace

TEST_CASE("state exports: each global that the code writes is exported, and "
          "the sign") {
  // The globals are $heap, $a, $b, $c, $d, $v, $unchanged.
  CHECK(added_exports(read_module("state_all"))
        == lines{"edgeless.keep.g0 0", "edgeless.keep.g1 1",
                 "edgeless.keep.g2 2", "edgeless.keep.g3 3",
                 "edgeless.keep.g4 4", "edgeless.keep.g5 5",
                 "edgeless.keep 0"});
  CHECK(added_exports(read_module("minimal")) == lines{"edgeless.keep 0"});
}

TEST_CASE("state exports: nothing but the export section differs") {
  for (auto name : {"state_all", "minimal", "echo", "wasi", "start"}) {
    auto module = read_module(name);
    std::string reason;
    auto prepared = export_state(module, reason);
    REQUIRE_MESSAGE(prepared, reason);
    auto before = read_outline(module, reason);
    auto after = read_outline(*prepared, reason);
    REQUIRE(after);
    auto& from = before->export_section;
    auto& to = after->export_section;
    CHECK(prepared->substr(0, to.begin) == module.substr(0, from.begin));
    CHECK(prepared->substr(to.end) == module.substr(from.end));
    CHECK(std::ranges::equal(
      before->exports, std::span{after->exports}.first(before->exports.size()),
      [](auto& x, auto& y) { return x.name == y.name && x.index == y.index; }));
  }
}

TEST_CASE("state exports: state that no export can show is refused with its "
          "reason") {
  auto tables = "it changes tables or segments: "s;
  const std::pair<const char*, std::string> cases[] = {
    {"table_set", tables + "table.set"},
    {"table_grow", tables + "table.grow"},
    {"table_fill", tables + "table.fill"},
    {"table_copy", tables + "table.copy"},
    {"table_init", tables + "table.init"},
    {"elem_drop", tables + "elem.drop"},
    {"data_drop", tables + "data.drop"},
    {"funcref_global", "it changes a global that is a reference, number 0"},
    {"externref_global", "it changes a global that is a reference, number 0"},
    {"imported_global", "it imports a mutable global"},
    {"imported_table", "it imports a table"},
    {"imported_memory", "it imports a memory"},
    {"reserved_name", "it has an export with the reserved name edgeless.keep"}};
  for (auto& [name, reason] : cases) {
    CAPTURE(name);
    CHECK(refusal(read_module("state_"s + name)) == reason);
  }
}

TEST_CASE("state exports: several memories, and shared ones, are refused") {
  CHECK(refusal(module_of({{5, "\2\0\1\0\1"s}, {7, exported_memory}}))
        == "it has 2 memories, expected one");
  CHECK(refusal(module_of({{5, "\1\3\1\2"s}, {7, exported_memory}}))
        == "its memory is shared");
  CHECK(refusal(module_of({{5, one_memory}})) == "it exports nothing");
}

TEST_CASE("state exports: an unknown instruction is refused, as it may change "
          "anything") {
  CHECK(refusal(module_with_code("\x01"s)).empty());
  CHECK(refusal(module_with_code("\xfb\x00"s))
        == "its instruction 0xfb is unknown");
  CHECK(refusal(module_with_code("\xfc\x1f"s))
        == "its instruction 0xfc 0x1f is unknown");
  CHECK(refusal(module_with_code("\xfd\x80\x04"s))
        == "its instruction 0xfd 0x0200 is unknown");
}

TEST_CASE("state exports: code that ends within an instruction is refused") {
  CHECK(refusal(module_with_code("\x43\x01"s))
        == "its section 10 cannot be read");
  CHECK(refusal(module_with_code("\x24\x05"s))
        == "it writes a global that it does not have");
  CHECK(refusal("\0asm"s) != "");
}

TEST_CASE("module: exports with the reserved names of states are refused") {
  auto error = validate_module(read_module("state_reserved_name"));
  REQUIRE(error);
  CHECK(explain(error)
        == "the export edgeless.keep.g0 has a reserved name, edgeless.keep");
}
