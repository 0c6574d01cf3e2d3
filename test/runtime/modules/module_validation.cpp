// SPDX-License-Identifier: MIT
#include "runtime/modules/module_validation.hpp"

#include "test/fixtures/wasm_fixture.hpp"

#include "messages/limits.hpp"

using namespace edgeless;
using edgeless::test::read_module;
using namespace std::string_literals;

namespace {

std::string why_not(const std::string& bytes) {
  auto error = validate_module(bytes);
  return error ? explain(error) : "";
}

} // namespace

TEST_CASE("modules that speak the ABI are accepted") {
  for (auto name : {"minimal", "echo", "wasi", "tables"})
    CHECK(why_not(read_module(name)) == "");
}

TEST_CASE("all that is wrong is said in one answer") {
  CHECK(why_not(read_module("faulty"))
        == "the export memory is missing; "
           "the export edgeless_mem_alloc is (i64) -> (i32), expected (i32) -> "
           "(i32); "
           "the export edgeless_mem_free is missing; "
           "the export edgeless_mem_clear is no function; "
           "the export handle_init_asm is missing; "
           "the export handle_cast_asm is (v128) -> (), expected (i32, i32, "
           "i32, i32) -> (); "
           "the export handle_call_asm is (i32, i32, i32, i32, i32, i32) -> "
           "(f32), expected (i32, i32, i32, i32, i32, i32) -> (i32); "
           "the module has a start function, which is not called here; "
           "the import env.cast_asm is (i32, i32, i32) -> (), expected (i32, "
           "i32, i32, i32) -> (); "
           "the import env.no_such_thing is unknown; "
           "the import wasi_snapshot_preview1.path_open is unknown; "
           "the import env.slf_asm is no function");
}

TEST_CASE("what is no module is told from what is another kind of one") {
  CHECK(why_not("") == "these bytes are not WebAssembly");
  CHECK(why_not("\x7F"
                "ELF\1\1\1")
        == "these bytes are not WebAssembly");
  CHECK(why_not("\0asm\x0D\0\1\0"s)
        == "this is a WebAssembly component; a core module is needed");
  CHECK(why_not("\0asm\2\0\0\0"s)
        == "this is no version of WebAssembly that is known here");
}

TEST_CASE("a module beyond the size limit is refused unread") {
  auto module = read_module("minimal");
  module.resize(limits::module + 1);
  CHECK(why_not(module) == "the module has 8388609 bytes; 8388608 are allowed");
}

TEST_CASE("names from a module are shown without what could harm a terminal") {
  auto module = read_module("faulty");
  module.replace(module.find("no_such_thing"), 13, "no\x1B[2J\nthing\xFF");
  CHECK(why_not(module).find("the import env.no?[2J?thing? is unknown")
        != std::string::npos);
}

TEST_CASE("more faults than people read are counted") {
  auto module = read_module("faulty");
  // 30,000 imports `env.x` of type 0, in the place of the module's own.
  std::string imports{"\xB0\xEA\x01"};
  for (int i = 0; i < 30'000; ++i)
    imports += "\3env\1x\0\0"s;
  std::string bytes{"\0asm\1\0\0\0\1\4\1\x60\0\0\2"s};
  for (auto n = imports.size(); n > 0; n >>= 7)
    bytes += static_cast<char>(n > 127 ? n | 128 : n);
  auto text = why_not(bytes + imports);
  CHECK(text.size() <= limits::text);
  CHECK(text.starts_with("the export memory is missing; "));
  CHECK(text.ends_with(" more"));
}

TEST_CASE("every prefix of a module is refused") {
  for (auto name : {"minimal", "faulty"}) {
    auto module = read_module(name);
    // The section of names, which follows the last one that counts.
    auto end = module.find("\4name"s) - 3;
    REQUIRE(end < module.size());
    for (std::size_t n = 0; n < end; ++n)
      CHECK_MESSAGE(why_not(module.substr(0, n)) != "", n);
  }
}

TEST_CASE("no flipped byte upsets the check") {
  for (auto name : {"minimal", "faulty", "echo"}) {
    auto module = read_module(name);
    for (std::size_t at = 0; at < module.size(); ++at)
      for (auto mask : {0x01, 0x80, 0xFF}) {
        auto mutant = module;
        mutant[at] = static_cast<char>(mutant[at] ^ mask);
        why_not(mutant);
      }
  }
}

TEST_CASE("a million lies about sizes cost nothing") {
  // Type section: 4 bytes that claim 2^28 types.
  CHECK(why_not("\0asm\1\0\0\0\1\4\xFF\xFF\xFF\x7F"s)
        == "the module's section 1 cannot be read");
  // A section that claims to be longer than the module.
  CHECK(why_not("\0asm\1\0\0\0\1\xFF\xFF\xFF\xFF\x0F"s)
        == "the module is cut off");
  // A number that never ends.
  CHECK(why_not("\0asm\1\0\0\0\1\x80\x80\x80\x80\x80\x80\x80"s)
        == "the module is cut off");
}
