// SPDX-License-Identifier: MIT
#include "test/fixtures/wasm_fixture.hpp"

using namespace edgeless;
using edgeless::test::instance;
using edgeless::test::lines;

TEST_CASE("a guest built with wasi-libc is initialised once, before init") {
  instance x{"wasi"};
  CHECK(x.handle(hook::init) == progress::idle);
  CHECK(x.host.journal == lines{"log 3 wasi: hello world"});
  CHECK(x.handle(hook::stop) == progress::idle);
  CHECK(x.host.journal.size() == 1);
}

TEST_CASE("exit is a trap, and what went to stderr is an error in the log") {
  instance x{"wasi"};
  CHECK(x.handle(hook::cast) == progress::dead);
  CHECK(x.guest->fault().starts_with("the guest called exit(3)"));
  // Half a line of _initialize was waiting for the rest of it.
  CHECK(x.host.journal
        == lines{"log 1 wasi: hello world", "log 3 wasi: hello ",
                 "log 1 wasi: ab"});
}

TEST_CASE("WASI checks what it is given") {
  instance x{"wasi"};
  CHECK(x.handle(hook::call) == progress::dead);
  CHECK(x.guest->fault().find("out of bounds") != std::string::npos);
}
