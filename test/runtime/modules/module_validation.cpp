// SPDX-License-Identifier: MIT
#include "runtime/modules/module_validation.hpp"

#include "test/fixtures/wasm_fixture.hpp"

#include "messages/limits.hpp"

using namespace edgeless;
using edgeless::test::read_module;
using namespace std::string_literals;

namespace {

std::string validation_error(const std::string& bytes) {
  auto error = validate_module(bytes);
  return error ? explain(error) : "";
}

} // namespace

TEST_CASE("module validation: accepts modules with the functions' ABI") {
  for (auto name : {"minimal", "echo", "wasi", "tables", "start"})
    CHECK(validation_error(read_module(name)) == "");
}

TEST_CASE("module validation: reports all faults in one error") {
  CHECK(validation_error(read_module("faulty"))
        == "the export memory is missing; "
           "the export edgeless_mem_alloc is (i64) -> (i32), expected (i32) -> "
           "(i32); "
           "the export edgeless_mem_free is missing; "
           "the export edgeless_mem_clear is not a function; "
           "the export handle_init_asm is missing; "
           "the export handle_cast_asm is (v128) -> (), expected (i32, i32, "
           "i32, i32) -> (); "
           "the export handle_call_asm is (i32, i32, i32, i32, i32, i32) -> "
           "(f32), expected (i32, i32, i32, i32, i32, i32) -> (i32); "
           "the import env.cast_asm is (i32, i32, i32) -> (), expected (i32, "
           "i32, i32, i32) -> (); "
           "the import env.no_such_thing is unknown; "
           "the import wasi_snapshot_preview1.path_find is unknown; "
           "the import env.slf_asm is not a function");
}

TEST_CASE(
  "module validation: tells other kinds of files from WebAssembly modules") {
  CHECK(validation_error("") == "the bytes are not a WebAssembly module");
  CHECK(validation_error("\x7F"
                         "ELF\1\1\1")
        == "the bytes are not a WebAssembly module");
  CHECK(validation_error("\0asm\x0D\0\1\0"s)
        == "the bytes are a WebAssembly component, expected a core module");
  CHECK(validation_error("\0asm\2\0\0\0"s)
        == "the version of WebAssembly is not supported; expected 1");
}

TEST_CASE("module validation: refuses a module beyond the size limit without "
          "reading it") {
  auto module = read_module("minimal");
  module.resize(limits::module + 1);
  CHECK(validation_error(module)
        == "the module has 8388609 bytes, expected at most 8388608");
}

TEST_CASE(
  "module validation: escapes names from a module that could harm a terminal") {
  auto module = read_module("faulty");
  module.replace(module.find("no_such_thing"), 13, "no\x1B[2J\nthing\xFF");
  CHECK(validation_error(module).find("the import env.no?[2J?thing? is unknown")
        != std::string::npos);
}

TEST_CASE(
  "module validation: counts the faults that do not fit into the error") {
  auto module = read_module("faulty");
  // 30,000 imports `env.x` of type 0 instead of the module's own.
  std::string imports{"\xB0\xEA\x01"};
  for (int i = 0; i < 30'000; ++i)
    imports += "\3env\1x\0\0"s;
  std::string bytes{"\0asm\1\0\0\0\1\4\1\x60\0\0\2"s};
  for (auto n = imports.size(); n > 0; n >>= 7)
    bytes += static_cast<char>(n > 127 ? n | 128 : n);
  auto text = validation_error(bytes + imports);
  CHECK(text.size() <= limits::text);
  CHECK(text.starts_with("the export memory is missing; "));
  CHECK(text.ends_with(" more"));
}

TEST_CASE("module validation: refuses every prefix of a module") {
  for (auto name : {"minimal", "faulty"}) {
    auto module = read_module(name);
    // The name section follows the last section that validation needs.
    auto end = module.find("\4name"s) - 3;
    REQUIRE(end < module.size());
    for (std::size_t n = 0; n < end; ++n)
      CHECK_MESSAGE(validation_error(module.substr(0, n)) != "", n);
  }
}

TEST_CASE("module validation: no flipped byte makes it fail badly") {
  for (auto name : {"minimal", "faulty", "echo"}) {
    auto module = read_module(name);
    for (std::size_t at = 0; at < module.size(); ++at)
      for (auto mask : {0x01, 0x80, 0xFF}) {
        auto mutant = module;
        mutant[at] = static_cast<char>(mutant[at] ^ mask);
        validation_error(mutant);
      }
  }
}

TEST_CASE("module validation: false sizes in a small module cost neither "
          "memory nor time") {
  // Type section: 4 bytes that claim 2^28 types.
  CHECK(validation_error("\0asm\1\0\0\0\1\4\xFF\xFF\xFF\x7F"s)
        == "the module's section 1 cannot be read");
  // A section that claims to be longer than the module.
  CHECK(validation_error("\0asm\1\0\0\0\1\xFF\xFF\xFF\xFF\x0F"s)
        == "the module is truncated");
  // A LEB128 number without an end.
  CHECK(validation_error("\0asm\1\0\0\0\1\x80\x80\x80\x80\x80\x80\x80"s)
        == "the module is truncated");
}
