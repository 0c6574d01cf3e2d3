// SPDX-License-Identifier: MIT
#include "test/fixtures/wasm_fixture.hpp"

#include "messages/limits.hpp"

#include <thread>

using namespace edgeless;
using edgeless::test::guest_instance;
using edgeless::test::lines;
using edgeless::test::process_isolation;
using edgeless::test::shared_isolation;

TEST_CASE_TEMPLATE("guest: handles all queued events in one run, in order",
                   isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  x.send(hook::init, "hello", "kept");
  x.send(hook::cast, "a");
  x.send(hook::cast, "b");
  x.send(hook::stop);

  CHECK(x.run() == progress::idle);
  CHECK(x.host.journal
        == lines{"init: ps", "state: kept", "out: hello", "out: a", "out: b",
                 "stop: "});
}

TEST_CASE_TEMPLATE("guest: an absent init payload and state are null pointers, "
                   "not empty buffers",
                   isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  x.handle(hook::init);
  CHECK(x.host.journal == lines{"init: --"});
}

TEST_CASE_TEMPLATE(
  "guest: the source of an event is 16 bytes each of node and component",
  isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  x.handle(hook::cast, "source");
  CHECK(x.host.journal
        == lines{"node: \x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D"
                 "\x0E\x0F\x10",
                 "component: \x11\x12\x13\x14\x15\x16\x17\x18\x19\x1A\x1B\x1C"
                 "\x1D\x1E\x1F\x20"});
}

TEST_CASE_TEMPLATE("guest: slf_asm writes exactly 16 bytes each",
                   isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  x.handle(hook::cast, "id");
  CHECK(x.host.journal
        == lines{"self-id: \x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C"
                 "\x0D\x0E\x0F\x10........"
                 "\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1A\x1B\x1C\x1D\x1E"
                 "\x1F\x20........"});
}

TEST_CASE_TEMPLATE(
  "guest: payloads are arbitrary bytes, channel names must be UTF-8",
  isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  x.handle(hook::cast, "\xFF\xFE");
  x.handle(hook::cast, "channel \xC3\xA4");
  CHECK(x.host.journal == lines{"out: \xFF\xFE", "\xC3\xA4: "});

  CHECK(x.handle(hook::cast, "channel \xFF") == progress::dead);
  CHECK(x.guest->fault().find("string error") != std::string::npos);
}

TEST_CASE_TEMPLATE("guest: each import reaches the host", isolation_kind,
                   shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  x.handle(hook::cast, "raw cast");
  x.handle(hook::cast, "later tick");
  x.handle(hook::cast, "sync state");
  x.handle(hook::cast, "log 4 text");
  x.handle(hook::cast, "");
  CHECK(x.host.journal
        == lines{"11121314-1516-1718-191a-1b1c1d1e1f20: raw",
                 "in 5000000000 self: tick", "sync: state", "log 4 echo: text",
                 "out: "});
}

TEST_CASE_TEMPLATE(
  "guest: an unknown log level becomes an error, after a warning",
  isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  x.handle(hook::cast, "log 9 text");
  CHECK(x.host.journal
        == lines{"log 2 echo: unknown log level, logged as an error",
                 "log 1 echo: text"});
}

TEST_CASE_TEMPLATE(
  "guest: a request that the host refuses traps with the host's reason",
  isolation_kind, shared_isolation, process_isolation) {
  for (auto payload : {"sync state", "later tick"}) {
    guest_instance<isolation_kind> x;
    x.host.refusal = fail(ec::exhausted, "too much of it");
    CHECK(x.handle(hook::cast, payload) == progress::dead);
    CHECK(x.guest->fault().starts_with("too much of it"));
  }
}

TEST_CASE_TEMPLATE(
  "guest: answers a call with a reply, with no reply, or with an error",
  isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  for (auto payload : {"answer \xFF", "nothing", "error"})
    x.handle(hook::call, payload);
  REQUIRE(x.host.results.size() == 3);
  CHECK(x.host.results[0].kind == event_kind::reply);
  CHECK(x.host.results[0].payload == "answer \xFF");
  CHECK(x.host.results[1].kind == event_kind::no_reply);
  CHECK(x.host.results[2].kind == event_kind::error);
}

TEST_CASE_TEMPLATE(
  "guest: waits for the answer to its call without occupying a thread",
  isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  CHECK(x.handle(hook::cast, "call question") == progress::waiting);
  CHECK(x.guest->run() == progress::waiting);
  x.guest->answer({event_kind::reply, "42"});

  CHECK(x.run() == progress::idle);
  CHECK(x.host.journal == lines{"call peer: question", "kind: 1", "reply: 42"});
}

TEST_CASE_TEMPLATE("guest: tells no reply from an error", isolation_kind,
                   shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  x.handle(hook::cast, "call a");
  x.guest->answer({event_kind::no_reply, {}});
  x.run();
  x.handle(hook::cast, "call b");
  x.guest->answer({event_kind::error, "ignored"});
  x.run();
  CHECK(x.host.journal
        == lines{"call peer: a", "kind: 0", "call peer: b", "kind: 2"});
}

TEST_CASE_TEMPLATE("guest: an empty reply is a reply", isolation_kind,
                   shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  x.handle(hook::cast, "call a");
  x.guest->answer({event_kind::reply, {}});
  x.run();
  CHECK(x.host.journal == lines{"call peer: a", "kind: 1", "reply: "});
}

TEST_CASE_TEMPLATE("guest: a call to an instance is answered as well",
                   isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  CHECK(x.handle(hook::call, "raw call") == progress::waiting);
  x.guest->answer({event_kind::reply, "yes"});
  CHECK(x.run() == progress::idle);
  CHECK(
    x.host.journal
    == lines{"call 11121314-1516-1718-191a-1b1c1d1e1f20: raw", "reply: yes"});
}

TEST_CASE_TEMPLATE(
  "guest: a call that fails at once does not suspend the guest", isolation_kind,
  shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  x.host.immediate_result
    = caf::expected<call_result>{call_result{event_kind::error, {}}};
  CHECK(x.handle(hook::cast, "call a") == progress::idle);
  CHECK(x.host.journal.back() == "kind: 2");
}

TEST_CASE_TEMPLATE("guest: a call that the host refuses traps", isolation_kind,
                   shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  x.host.immediate_result = caf::expected<call_result>{
    fail(ec::guest_fault, "the channel peer is not mapped")};
  CHECK(x.handle(hook::cast, "call a") == progress::dead);
  CHECK(x.guest->fault().starts_with("the channel peer is not mapped; in "));
}

TEST_CASE_TEMPLATE("guest: answers outside a call are ignored", isolation_kind,
                   shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  x.guest->answer({event_kind::reply, "early"});
  CHECK(x.handle(hook::cast, "call a") == progress::waiting);
  x.guest->answer({event_kind::reply, "right"});
  x.guest->answer({event_kind::reply, "late"});
  x.run();
  CHECK(x.host.journal.back() == "reply: right");
}

TEST_CASE_TEMPLATE("guest: a payload of the maximum size passes both ways",
                   isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  std::string big(limits::payload, 'x');
  CHECK(x.handle(hook::cast, big) == progress::idle);
  CHECK(x.host.journal.back().size() == big.size() + 5);
  CHECK(x.handle(hook::cast, "call big") == progress::waiting);
  x.guest->answer({event_kind::reply, big});
  CHECK(x.run() == progress::idle);
  CHECK(x.host.journal.back().size() == big.size() + 7);
}

TEST_CASE_TEMPLATE(
  "guest: a reply beyond the maximum size is an error on both sides",
  isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  x.handle(hook::call, "answer " + std::string(limits::payload, 'x'));
  REQUIRE(x.host.results.size() == 1);
  CHECK(x.host.results[0].kind == event_kind::error);

  x.handle(hook::cast, "call big");
  x.guest->answer({event_kind::reply, std::string(limits::payload + 1, 'x')});
  x.run();
  CHECK(x.host.journal.back() == "kind: 2");
}

TEST_CASE_TEMPLATE(
  "guest: handles an unbounded chain of casts to itself in order",
  isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  x.host.remaining_self_casts = isolation_kind::many;
  CHECK(x.handle(hook::cast, "self") == progress::idle);
  CHECK(x.host.handed_out == isolation_kind::many);
  CHECK(x.host.remaining_self_casts == 0);
}

TEST_CASE_TEMPLATE(
  "guest: may run on another thread each time, also while it waits",
  isolation_kind, shared_isolation, process_isolation) {
  guest_instance<isolation_kind> x;
  auto elsewhere = [&](progress expected) {
    std::thread{[&] {
      CHECK(x.run() == expected);
    }}.join();
  };
  for (int i = 0; i < 20; ++i) {
    x.send(hook::cast, "call a");
    elsewhere(progress::waiting);
    x.guest->answer({event_kind::reply, std::to_string(i)});
    elsewhere(progress::idle);
    CHECK(x.host.journal.back() == "reply: " + std::to_string(i));
  }
}
