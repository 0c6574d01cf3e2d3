// SPDX-License-Identifier: MIT
#include "runtime/module_preference.hpp"

#include "runtime/module_check.hpp"

#include "test/runtime/wasm_fixture.hpp"

using namespace edgeless;

TEST_CASE("a module says where it likes to run, and is a module still") {
  auto module = test::read_module("echo");
  CHECK(!preference_of(module));
  for (auto where : {isolation::shared, isolation::process}) {
    auto other = module + preference_section(where);
    CHECK(preference_of(other) == where);
    CHECK(!check_module(other));
  }
}

TEST_CASE("what is no module prefers nothing") {
  CHECK(!preference_of(""));
  CHECK(!preference_of("bytes"));
  auto section = preference_section(isolation::process);
  auto cut = test::read_module("echo") + section;
  cut.pop_back();
  CHECK(!preference_of(cut));
}
