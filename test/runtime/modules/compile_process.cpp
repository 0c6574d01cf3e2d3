// SPDX-License-Identifier: MIT
#include "runtime/modules/compile_process.hpp"

#include "test/fixtures/wasm_fixture.hpp"

#include "messages/limits.hpp"

#include <cstring>

using namespace edgeless;
using edgeless::test::read_module;

namespace {

constexpr const char* myself = "/proc/self/exe";

void number(std::string& out, std::size_t value) {
  for (; value > 127; value >>= 7)
    out += static_cast<char>(value | 128);
  out += static_cast<char>(value);
}

void section(std::string& out, char id, const std::string& content) {
  out += id;
  number(out, content.size());
  out += content;
}

/// A function of `blocks` blocks that each take and give 1000 values, in the
/// place of the body of handle_stop_asm in the minimal module, its last one.
std::string compile_bomb(std::size_t blocks) {
  std::string type = "\x60";
  for (int side = 0; side < 2; ++side) {
    number(type, 1000);
    type += std::string(1000, '\x7F');
  }
  std::string body{'\0'};
  for (int i = 0; i < 1000; ++i)
    body += std::string{"\x41\0", 2};
  for (std::size_t i = 0; i < blocks; ++i)
    body += std::string{"\x02\0\x0B", 3};
  body += std::string(1000, '\x1A') + "\x0B";
  std::string code{'\1'};
  number(code, body.size());
  code += body;
  std::string module{"\0asm\1\0\0\0", 8};
  section(module, 1, "\2" + type + std::string{"\x60\0\0", 3});
  section(module, 3, "\1\1");
  section(module, 10, code);
  return module;
}

} // namespace

TEST_CASE("a child compiles, and says why it does not") {
  auto good = compile_in_child(myself, read_module("minimal"), limits::compile);
  REQUIRE(good);
  CHECK(good->size() > 1000);

  auto module = read_module("minimal");
  module[module.find("\x41\x80\x08\x0B") + 3] = '\x01';
  auto bad = compile_in_child(myself, module, limits::compile);
  REQUIRE(!bad);
  CHECK(bad.error() == ec::bad_module);
  CHECK(explain(bad.error()).starts_with("the module is not valid: "));
}

// Sanitizers make its memory limit impossible.
#ifndef __SANITIZE_ADDRESS__
TEST_CASE("a module that bursts the compiler is refused, and we live on") {
  auto bomb = compile_bomb(3000);
  CHECK(bomb.size() < 16'000);
  auto result = compile_in_child(myself, bomb, limits::compile);
  REQUIRE(!result);
  CHECK(result.error() == ec::compile_failed);
  // Too much memory; on a busy machine it may run out of time first.
  CHECK(explain(result.error())
          .starts_with("the module cannot be compiled within the limits: it "
                       "takes "));
  CHECK(compile_in_child(myself, read_module("minimal"), limits::compile));
}
#endif

TEST_CASE("the same shape in moderation compiles") {
  CHECK(compile_in_child(myself, compile_bomb(1), limits::compile));
}

TEST_CASE("a compilation beyond its deadline is killed") {
  auto late = compile_in_child(myself, compile_bomb(3000),
                               std::chrono::milliseconds{100});
  REQUIRE(!late);
  CHECK(late.error() == ec::compile_failed);
}

TEST_CASE("a program that is no compiler is not the module's fault") {
  for (auto program : {"/bin/false", "/nobody/compiles"}) {
    auto result = compile_in_child(program, "", limits::compile);
    REQUIRE(!result);
    CHECK(result.error() == ec::system_failure);
  }
}

TEST_CASE("a program that is not asked to compile goes on") {
  char name[] = "program", other[] = "--other", option[] = "--compile-module";
  char* plain[] = {name, other, nullptr};
  CHECK(!run_as_compile_child(1, plain));
  CHECK(!run_as_compile_child(2, plain));
  char* wrong[] = {name, option, nullptr};
  CHECK(run_as_compile_child(2, wrong) == 2);
}
