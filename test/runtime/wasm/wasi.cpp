// SPDX-License-Identifier: MIT
#include "test/fixtures/wasm_fixture.hpp"

using namespace edgeless;
using edgeless::test::instance;
using edgeless::test::lines;

TEST_CASE("wasi: _initialize of a wasi-libc guest runs once, before init") {
  instance x{"wasi"};
  CHECK(x.handle(hook::init) == progress::idle);
  CHECK(x.host.journal == lines{"log 3 wasi: hello world"});
  CHECK(x.handle(hook::stop) == progress::idle);
  CHECK(x.host.journal.size() == 1);
}

TEST_CASE("wasi: proc_exit traps, and stderr is logged as an error") {
  instance x{"wasi"};
  CHECK(x.handle(hook::cast) == progress::dead);
  CHECK(x.guest->fault().starts_with("the guest called exit(3)"));
  // _initialize printed half a line.
  CHECK(x.host.journal
        == lines{"log 1 wasi: hello world", "log 3 wasi: hello ",
                 "log 1 wasi: ab"});
}

TEST_CASE("wasi: fd_write checks descriptors and pointers") {
  instance x{"wasi"};
  CHECK(x.handle(hook::call) == progress::dead);
  CHECK(x.guest->fault().find("out of bounds") != std::string::npos);
}
