// SPDX-License-Identifier: MIT
#include "runtime/delivery/retransmit_buffer.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

namespace {

event saying(std::string payload) {
  event x;
  x.payload = std::move(payload);
  return x;
}

/// "1a 2b": numbers and payloads of what is sent now.
std::string send_all(retransmit_buffer& x) {
  std::string result;
  while (x.next()) {
    auto y = x.send();
    result += std::to_string(y.number) + y.payload + ' ';
  }
  return result;
}

retransmit_buffer three() {
  retransmit_buffer x{7};
  for (auto payload : {"a", "b", "c"})
    x.push(saying(payload));
  return x;
}

} // namespace

TEST_CASE("what is kept is numbered from 1, and sent once") {
  auto x = three();

  CHECK(send_all(x) == "1a 2b 3c ");
  CHECK(send_all(x).empty());
  CHECK(x.sent() == 3);
  CHECK(x.at(0).stream == 7);
}

TEST_CASE("what is confirmed is forgotten, and said so") {
  auto x = three();
  send_all(x);

  CHECK(x.confirm(2));

  CHECK(x.size() == 1);
  CHECK(x.again().number == 3);
  CHECK(x.again().after == 2);
}

TEST_CASE("what was never sent cannot be confirmed") {
  auto x = three();
  x.send();

  CHECK(!x.confirm(2));
  CHECK(!x.confirm(0));
  CHECK(!x.confirm(~0ull));
  CHECK(x.size() == 3);
}

TEST_CASE("what is not confirmed is sent again, in order") {
  auto x = three();
  send_all(x);
  x.confirm(1);

  x.rewind(0);

  CHECK(send_all(x) == "2b 3c ");
  x.rewind(3);
  CHECK(send_all(x) == "3c ");
  x.rewind(4);
  CHECK(send_all(x).empty());
  x.rewind(~0ull);
  CHECK(send_all(x).empty());
}

TEST_CASE("a confirmation counts also for what is to be sent again") {
  auto x = three();
  send_all(x);
  x.rewind(0);

  CHECK(x.confirm(2));

  CHECK(send_all(x) == "3c ");
}

TEST_CASE("room is bounded in number and in bytes, but for the first") {
  retransmit_buffer many{1};
  for (std::size_t i = 0; i < limits::retransmit_events; ++i) {
    CHECK(many.has_room(1));
    many.push(saying("x"));
  }
  CHECK(!many.has_room(1));

  retransmit_buffer large{1};
  CHECK(large.has_room(limits::payload));
  large.push(saying(std::string(limits::retransmit_bytes, 'x')));
  CHECK(!large.has_room(1));
  large.send();
  large.confirm(1);
  CHECK(large.has_room(limits::payload));
}

TEST_CASE("the oldest that was not sent can make room") {
  auto x = three();
  x.send();

  CHECK(x.evict_oldest());

  CHECK(send_all(x) == "2c ");
  CHECK(!x.evict_oldest());
}

TEST_CASE("what was sent takes no room of what waits") {
  retransmit_buffer x{1};
  for (std::size_t i = 0; i < limits::retransmit_in_flight_events; ++i)
    x.push(saying("x"));
  CHECK(!x.may_wait(1));
  send_all(x);
  CHECK(x.unsent() == 0);

  x.push(saying(std::string(limits::held_bytes - 1, 'x')));

  CHECK(!x.next());
  CHECK(x.may_wait(1));
  CHECK(!x.may_wait(2));
}

TEST_CASE("bytes under way are bounded, but for the first") {
  retransmit_buffer x{1};
  x.push(saying(std::string(limits::retransmit_in_flight_bytes + 1, 'x')));
  CHECK(x.next());
  x.send();
  x.push(saying("y"));
  CHECK(!x.next());

  x.confirm(1);

  CHECK(x.next());
}

TEST_CASE("what was lost halves what is under way, until some arrive") {
  retransmit_buffer x{1};
  for (std::size_t i = 0; i < limits::retransmit_events; ++i)
    x.push(saying("x"));
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

  x.confirm(1);
  CHECK(send_some() == 2);
  x.confirm(3);
  CHECK(send_some() == 4);
}

TEST_CASE("what was sent to somebody who is gone is forgotten") {
  auto x = three();
  x.send();
  x.send();

  x.forget_sent();

  CHECK(send_all(x) == "3c ");
  CHECK(x.at(0).after == 2);
}

TEST_CASE("what was sent is forgotten also if it has to be sent again") {
  auto x = three();
  x.send();
  x.send();
  x.rewind(0);

  x.forget_sent();

  CHECK(send_all(x) == "3c ");
}

TEST_CASE("what a predecessor had sent is forgotten before all of it is here") {
  retransmit_buffer x{1};
  x.push(saying("mine"));
  x.adopt(9, 4, 2);
  x.import_streams(saying("a"), 0);

  x.forget_sent();
  x.import_streams(saying("c"), 0);
  x.settle();

  CHECK(send_all(x) == "7c 8mine ");
}

TEST_CASE("one that traps three times is poison") {
  auto x = three();
  send_all(x);

  CHECK(!x.trapped(2));
  CHECK(x.again().number == 2);
  CHECK(!x.trapped(2));
  CHECK(x.trapped(2));

  CHECK(x.size() == 1);
  CHECK(x.again().number == 3);
  CHECK(x.again().after == 2);
}

TEST_CASE("a trap on what nobody was sent is not believed") {
  auto x = three();
  x.send();
  for (int i = 0; i < 5; ++i) {
    CHECK(!x.trapped(3));
    CHECK(!x.trapped(0));
    CHECK(!x.trapped(~0ull));
  }
  CHECK(x.size() == 3);
}

TEST_CASE("what a predecessor has kept comes first, under its numbers") {
  retransmit_buffer x{1};
  x.push(saying("mine"));

  x.adopt(9, 4, 1);
  x.import_streams(saying("a"), 2);
  x.import_streams(saying("b"), 0);
  x.settle();

  CHECK(x.stream() == 9);
  CHECK(x.sent() == 1);
  CHECK(send_all(x) == "6b 7mine ");
  CHECK(x.trapped(5));
}

TEST_CASE("of a predecessor's, what is confirmed meanwhile does not count") {
  retransmit_buffer x{1};
  x.adopt(9, 4, 2);
  x.import_streams(saying("a"), 0);
  x.import_streams(saying("b"), 0);
  x.import_streams(saying("c"), 0);

  CHECK(x.confirm(5));
  x.settle();

  CHECK(x.sent() == 1);
  CHECK(send_all(x) == "7c ");
}

TEST_CASE("a predecessor that has more to say than it says is not believed") {
  retransmit_buffer x{1};
  x.adopt(9, 4, 1000);
  x.import_streams(saying("a"), 0);
  x.settle();

  CHECK(x.sent() == 1);
  CHECK(x.unsent() == 0);
}
