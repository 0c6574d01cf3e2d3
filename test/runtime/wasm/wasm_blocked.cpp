// SPDX-License-Identifier: MIT
#include "test/fixtures/wasm_fixture.hpp"

using namespace edgeless;
using edgeless::test::instance;
using edgeless::test::lines;

namespace {

guest_limits blocking() {
  guest_limits x;
  x.may_block = true;
  return x;
}

} // namespace

TEST_CASE("blocked guest: repeats the same cast until there is room") {
  instance x{"echo", blocking()};
  x.host.casts_without_room = 2;

  CHECK(x.handle(hook::cast, "hello") == progress::blocked);
  CHECK(x.host.journal.empty());
  CHECK(x.run() == progress::blocked);
  CHECK(x.host.journal.empty());

  CHECK(x.run() == progress::idle);
  CHECK(x.host.journal == lines{"out: hello"});
}

TEST_CASE("blocked guest: casts behind one without room keep their order") {
  instance x{"echo", blocking()};
  x.host.casts_without_room = 1;
  x.send(hook::cast, "a");
  x.send(hook::cast, "b");

  CHECK(x.run() == progress::blocked);
  CHECK(x.run() == progress::idle);

  CHECK(x.host.journal == lines{"out: a", "out: b"});
}

TEST_CASE("blocked guest: casts that find room never suspend the guest") {
  instance x{"echo", blocking()};

  CHECK(x.handle(hook::cast, "hello") == progress::idle);
  CHECK(x.host.journal == lines{"out: hello"});
}

TEST_CASE("blocked guest: may call as well") {
  instance x{"echo", blocking()};
  CHECK(x.handle(hook::cast, "call question") == progress::waiting);
  x.guest->answer({event_kind::reply, "42"});

  CHECK(x.run() == progress::idle);
  CHECK(x.host.journal == lines{"call peer: question", "kind: 1", "reply: 42"});
}

TEST_CASE("blocked guest: a channel name that is not UTF-8 traps it as well") {
  instance x{"echo", blocking()};

  CHECK(x.handle(hook::cast, "channel \xFF") == progress::dead);
}

TEST_CASE("blocked guest: can be destroyed while it waits for room") {
  instance x{"echo", blocking()};
  x.host.casts_without_room = 1;
  REQUIRE(x.handle(hook::cast, "hello") == progress::blocked);

  x.guest.reset();

  CHECK(x.host.journal.empty());
}

TEST_CASE("blocked guest: without may_block a cast never suspends, whatever "
          "the host returns") {
  instance x;
  x.host.casts_without_room = 1;

  CHECK(x.handle(hook::cast, "hello") == progress::idle);
}

TEST_CASE("blocked guest: a module without calls may block, too") {
  instance x{"minimal", blocking()};

  CHECK(x.handle(hook::cast, "hello") == progress::idle);
}
