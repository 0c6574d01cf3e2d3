// SPDX-License-Identifier: MIT
#include "runtime/delivery/retransmit_buffer.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

namespace {

event event_of(std::string payload) {
  event x;
  x.payload = std::move(payload);
  return x;
}

/// Numbers and payloads of all events that can be sent now, as in "1a 2b ".
std::string send_all(retransmit_buffer& x) {
  std::string result;
  while (x.next()) {
    auto y = x.send();
    result += std::to_string(y.number) + y.payload + ' ';
  }
  return result;
}

retransmit_buffer three_events() {
  retransmit_buffer x{7};
  for (auto payload : {"a", "b", "c"})
    x.push(event_of(payload));
  return x;
}

} // namespace

TEST_CASE("retransmit buffer: numbers events from 1 and sends each once") {
  auto x = three_events();

  CHECK(send_all(x) == "1a 2b 3c ");
  CHECK(send_all(x).empty());
  CHECK(x.sent() == 3);
  CHECK(x.at(0).stream == 7);
}

TEST_CASE("retransmit buffer: an acknowledgement removes events") {
  auto x = three_events();
  send_all(x);

  CHECK(x.acknowledge(2));

  CHECK(x.size() == 1);
  CHECK(x.first().number == 3);
  CHECK(x.first().after == 2);
}

TEST_CASE("retransmit buffer: ignores acknowledgements of events never sent") {
  auto x = three_events();
  x.send();

  CHECK(!x.acknowledge(2));
  CHECK(!x.acknowledge(0));
  CHECK(!x.acknowledge(~0ull));
  CHECK(x.size() == 3);
}

TEST_CASE("retransmit buffer: rewind() sends unacknowledged events in order") {
  auto x = three_events();
  send_all(x);
  x.acknowledge(1);

  x.rewind(0);

  CHECK(send_all(x) == "2b 3c ");
  x.rewind(3);
  CHECK(send_all(x) == "3c ");
  x.rewind(4);
  CHECK(send_all(x).empty());
  x.rewind(~0ull);
  CHECK(send_all(x).empty());
}

TEST_CASE("retransmit buffer: an acknowledgement applies after a rewind") {
  auto x = three_events();
  send_all(x);
  x.rewind(0);

  CHECK(x.acknowledge(2));

  CHECK(send_all(x) == "3c ");
}

TEST_CASE(
  "retransmit buffer: is bounded in events and bytes, except the first") {
  retransmit_buffer many{1};
  for (std::size_t i = 0; i < limits::retransmit_events; ++i) {
    CHECK(many.has_room(1));
    many.push(event_of("x"));
  }
  CHECK(!many.has_room(1));

  retransmit_buffer large{1};
  CHECK(large.has_room(limits::payload));
  large.push(event_of(std::string(limits::retransmit_bytes, 'x')));
  CHECK(!large.has_room(1));
  large.send();
  large.acknowledge(1);
  CHECK(large.has_room(limits::payload));
}

TEST_CASE("retransmit buffer: evicts the oldest event never sent") {
  auto x = three_events();
  x.send();

  CHECK(x.evict_oldest());

  CHECK(send_all(x) == "2c ");
  CHECK(!x.evict_oldest());
}

TEST_CASE("retransmit buffer: sent events take no capacity of waiting ones") {
  retransmit_buffer x{1};
  for (std::size_t i = 0; i < limits::retransmit_in_flight_events; ++i)
    x.push(event_of("x"));
  CHECK(!x.may_wait(1));
  send_all(x);
  CHECK(x.unsent() == 0);

  x.push(event_of(std::string(limits::held_bytes - 1, 'x')));

  CHECK(!x.next());
  CHECK(x.may_wait(1));
  CHECK(!x.may_wait(2));
}

TEST_CASE("retransmit buffer: bytes in flight are bounded, except the first") {
  retransmit_buffer x{1};
  x.push(event_of(std::string(limits::retransmit_in_flight_bytes + 1, 'x')));
  CHECK(x.next());
  x.send();
  x.push(event_of("y"));
  CHECK(!x.next());

  x.acknowledge(1);

  CHECK(x.next());
}

TEST_CASE(
  "retransmit buffer: a loss halves the window, acknowledgements grow it") {
  retransmit_buffer x{1};
  for (std::size_t i = 0; i < limits::retransmit_events; ++i)
    x.push(event_of("x"));
  auto send_some = [&] {
    send_all(x);
    return x.sent();
  };
  REQUIRE(send_some() == limits::retransmit_in_flight_events);
  x.rewind(1);
  CHECK(send_some() == limits::retransmit_in_flight_events / 2);
  for (int i = 0; i < 20; ++i) {
    x.rewind(1);
    send_some();
  }
  CHECK(send_some() == 1);

  x.acknowledge(1);
  CHECK(send_some() == 2);
  x.acknowledge(3);
  CHECK(send_some() == 4);
}

TEST_CASE("retransmit buffer: forget_sent() removes sent events") {
  auto x = three_events();
  x.send();
  x.send();

  x.forget_sent();

  CHECK(send_all(x) == "3c ");
  CHECK(x.at(0).after == 2);
}

TEST_CASE("retransmit buffer: forget_sent() removes rewound events") {
  auto x = three_events();
  x.send();
  x.send();
  x.rewind(0);

  x.forget_sent();

  CHECK(send_all(x) == "3c ");
}

TEST_CASE("retransmit buffer: forget_sent() applies during an import") {
  retransmit_buffer x{1};
  x.push(event_of("mine"));
  x.begin_import(9, 4, 2);
  x.import_event(event_of("a"), 0);

  x.forget_sent();
  x.import_event(event_of("c"), 0);
  x.finish_import();

  CHECK(send_all(x) == "7c 8mine ");
}

TEST_CASE("retransmit buffer: an event that traps three times is poison") {
  auto x = three_events();
  send_all(x);

  CHECK(!x.on_trap(2));
  CHECK(x.first().number == 2);
  CHECK(!x.on_trap(2));
  CHECK(x.on_trap(2));

  CHECK(x.size() == 1);
  CHECK(x.first().number == 3);
  CHECK(x.first().after == 2);
}

TEST_CASE("retransmit buffer: ignores traps on events never sent") {
  auto x = three_events();
  x.send();
  for (int i = 0; i < 5; ++i) {
    CHECK(!x.on_trap(3));
    CHECK(!x.on_trap(0));
    CHECK(!x.on_trap(~0ull));
  }
  CHECK(x.size() == 3);
}

TEST_CASE("retransmit buffer: imported events keep their numbers, in front") {
  retransmit_buffer x{1};
  x.push(event_of("mine"));

  x.begin_import(9, 4, 1);
  x.import_event(event_of("a"), 2);
  x.import_event(event_of("b"), 0);
  x.finish_import();

  CHECK(x.stream() == 9);
  CHECK(x.sent() == 1);
  CHECK(send_all(x) == "6b 7mine ");
  CHECK(x.on_trap(5));
}

TEST_CASE("retransmit buffer: acknowledgements apply during an import") {
  retransmit_buffer x{1};
  x.begin_import(9, 4, 2);
  x.import_event(event_of("a"), 0);
  x.import_event(event_of("b"), 0);
  x.import_event(event_of("c"), 0);

  CHECK(x.acknowledge(5));
  x.finish_import();

  CHECK(x.sent() == 1);
  CHECK(send_all(x) == "7c ");
}

TEST_CASE("retransmit buffer: bounds the sent count by the imported events") {
  retransmit_buffer x{1};
  x.begin_import(9, 4, 1000);
  x.import_event(event_of("a"), 0);
  x.finish_import();

  CHECK(x.sent() == 1);
  CHECK(x.unsent() == 0);
}
