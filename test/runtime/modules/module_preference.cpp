// SPDX-License-Identifier: MIT
#include "runtime/modules/module_preference.hpp"

#include "test/fixtures/wasm_fixture.hpp"

#include "runtime/modules/module_validation.hpp"

using namespace edgeless;

TEST_CASE("module preference: the appended section is read back, and the "
          "module stays valid") {
  auto module = test::read_module("echo");
  CHECK(!preference_of(module));
  for (auto where : {isolation::shared, isolation::process}) {
    auto other = module + preference_section(where);
    CHECK(preference_of(other) == where);
    CHECK(!validate_module(other));
  }
}

TEST_CASE("module preference: bytes that are no module have no preference") {
  CHECK(!preference_of(""));
  CHECK(!preference_of("bytes"));
  auto section = preference_section(isolation::process);
  auto cut = test::read_module("echo") + section;
  cut.pop_back();
  CHECK(!preference_of(cut));
}

TEST_CASE("module preference: the last of several sections counts") {
  auto module = test::read_module("echo")
                + preference_section(isolation::process)
                + preference_section(isolation::shared);
  CHECK(preference_of(module) == isolation::shared);
}
