// SPDX-License-Identifier: MIT
#include "runtime/modules/compile_process.hpp"

#include "test/fixtures/wasm_fixture.hpp"

#include "messages/limits.hpp"

#include <cstring>

using namespace edgeless;
using edgeless::test::read_module;

namespace {

constexpr const char* own_program = "/proc/self/exe";

void append_number(std::string& out, std::size_t value) {
  for (; value > 127; value >>= 7)
    out += static_cast<char>(value | 128);
  out += static_cast<char>(value);
}

void append_section(std::string& out, char id, const std::string& content) {
  out += id;
  append_number(out, content.size());
  out += content;
}

/// A function of `blocks` blocks that each take and give 1000 values, in the
/// place of the body of handle_stop_asm in the minimal module, its last one.
std::string compile_bomb(std::size_t blocks) {
  std::string type = "\x60";
  for (int side = 0; side < 2; ++side) {
    append_number(type, 1000);
    type += std::string(1000, '\x7F');
  }
  std::string body{'\0'};
  for (int i = 0; i < 1000; ++i)
    body += std::string{"\x41\0", 2};
  for (std::size_t i = 0; i < blocks; ++i)
    body += std::string{"\x02\0\x0B", 3};
  body += std::string(1000, '\x1A') + "\x0B";
  std::string code{'\1'};
  append_number(code, body.size());
  code += body;
  std::string module{"\0asm\1\0\0\0", 8};
  append_section(module, 1, "\2" + type + std::string{"\x60\0\0", 3});
  append_section(module, 3, "\1\1");
  append_section(module, 10, code);
  return module;
}

} // namespace

TEST_CASE("compile process: compiles a valid module and reports why another is "
          "invalid") {
  auto good
    = compile_in_child(own_program, read_module("minimal"), limits::compile);
  REQUIRE(good);
  CHECK(good->size() > 1000);

  auto module = read_module("minimal");
  module[module.find("\x41\x80\x08\x0B") + 3] = '\x01';
  auto bad = compile_in_child(own_program, module, limits::compile);
  REQUIRE(!bad);
  CHECK(bad.error() == ec::bad_module);
  CHECK(explain(bad.error()).starts_with("the module is not valid: "));
}

// Sanitizers reserve more memory than the limit of the child.
#ifndef __SANITIZE_ADDRESS__
TEST_CASE("compile process: a module that exhausts the compiler is refused, "
          "and the parent survives") {
  auto bomb = compile_bomb(3000);
  CHECK(bomb.size() < 16'000);
  auto result = compile_in_child(own_program, bomb, std::chrono::minutes{10});
  REQUIRE(!result);
  INFO(explain(result.error()));
  CHECK(result.error() == ec::compile_failed);
  // It exceeds its memory, or its processor time.
  CHECK(explain(result.error())
          .starts_with("the module cannot be compiled within the limits: it "
                       "takes "));
  CHECK(compile_in_child(own_program, read_module("minimal"), limits::compile));
}
#endif

TEST_CASE("compile process: the same shape in a small size compiles") {
  CHECK(compile_in_child(own_program, compile_bomb(1), limits::compile));
}

TEST_CASE("compile process: a compilation beyond its deadline is killed") {
  auto late = compile_in_child(own_program, compile_bomb(3000),
                               std::chrono::milliseconds{100});
  REQUIRE(!late);
  CHECK(late.error() == ec::exhausted);
}

TEST_CASE("compile process: a program that is no compiler is a system failure, "
          "not a bad module") {
  for (auto program : {"/bin/false", "/no/such/program"}) {
    auto result = compile_in_child(program, "", limits::compile);
    REQUIRE(!result);
    CHECK(result.error() == ec::system_failure);
  }
}

TEST_CASE(
  "compile process: a program that was not started to compile goes on") {
  char name[] = "program", other[] = "--other", option[] = "--compile-module";
  char* plain[] = {name, other, nullptr};
  CHECK(!run_as_compile_child(1, plain));
  CHECK(!run_as_compile_child(2, plain));
  char* wrong[] = {name, option, nullptr};
  CHECK(run_as_compile_child(2, wrong) == 2);
}
