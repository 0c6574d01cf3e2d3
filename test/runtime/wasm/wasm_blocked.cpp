// SPDX-License-Identifier: MIT
#include "test/fixtures/wasm_fixture.hpp"

using namespace edgeless;
using edgeless::test::instance;
using edgeless::test::lines;

namespace {

guest_limits patient() {
  guest_limits x;
  x.may_block = true;
  return x;
}

} // namespace

TEST_CASE("a guest waits for room, and goes on with the same cast") {
  instance x{"echo", patient()};
  x.host.without_room = 2;

  CHECK(x.handle(hook::cast, "hello") == progress::blocked);
  CHECK(x.host.journal.empty());
  CHECK(x.run() == progress::blocked);
  CHECK(x.host.journal.empty());

  CHECK(x.run() == progress::idle);
  CHECK(x.host.journal == lines{"out: hello"});
}

TEST_CASE("what waits behind a cast without room keeps its order") {
  instance x{"echo", patient()};
  x.host.without_room = 1;
  x.send(hook::cast, "a");
  x.send(hook::cast, "b");

  CHECK(x.run() == progress::blocked);
  CHECK(x.run() == progress::idle);

  CHECK(x.host.journal == lines{"out: a", "out: b"});
}

TEST_CASE("a guest whose casts find room is never suspended") {
  instance x{"echo", patient()};

  CHECK(x.handle(hook::cast, "hello") == progress::idle);
  CHECK(x.host.journal == lines{"out: hello"});
}

TEST_CASE("a guest that may wait for room may still call") {
  instance x{"echo", patient()};
  CHECK(x.handle(hook::cast, "call question") == progress::waiting);
  x.guest->answer({event_kind::reply, "42"});

  CHECK(x.run() == progress::idle);
  CHECK(x.host.journal == lines{"call peer: question", "kind: 1", "reply: 42"});
}

TEST_CASE("a channel that is no UTF-8 traps who may wait as well") {
  instance x{"echo", patient()};

  CHECK(x.handle(hook::cast, "channel \xFF") == progress::dead);
}

TEST_CASE("a guest that waits for room can be dropped") {
  instance x{"echo", patient()};
  x.host.without_room = 1;
  REQUIRE(x.handle(hook::cast, "hello") == progress::blocked);

  x.guest.reset();

  CHECK(x.host.journal.empty());
}

TEST_CASE("who may not wait is not suspended, whatever the host says") {
  instance x;
  x.host.without_room = 1;

  CHECK(x.handle(hook::cast, "hello") == progress::idle);
}

TEST_CASE("a module without calls may wait for room, too") {
  instance x{"minimal", patient()};

  CHECK(x.handle(hook::cast, "hello") == progress::idle);
}
