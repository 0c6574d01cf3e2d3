// SPDX-License-Identifier: MIT
#include "actors/instance/delayed_casts.hpp"

#include "actors/instance/back_pressure.hpp"
#include "actors/instance/outstanding_call.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace std::chrono_literals;

TEST_CASE("delayed casts: are taken in the order in which they are due") {
  delayed_casts::time_point start;
  delayed_casts x;
  CHECK(!x.due());
  CHECK(x.add(start + 2s, {"out", "b"}));
  CHECK(x.add(start + 1s, {"out", "a"}));
  CHECK(x.add(start + 2s, {"out", "c"}));

  CHECK(x.due() == start + 1s);
  CHECK(!x.take(start));
  CHECK(x.take(start + 2s)->payload == "a");
  CHECK(x.take(start + 2s)->payload == "b");
  CHECK(x.take(start + 2s)->payload == "c");
  CHECK(!x.take(start + 2s));
}

TEST_CASE("delayed casts: are bounded") {
  delayed_casts x;
  for (std::size_t i = 0; i < limits::delayed_casts; ++i)
    REQUIRE(x.add({}, {"out", "x"}));

  CHECK(!x.add({}, {"out", "y"}));
  x.clear();
  CHECK(x.add({}, {"out", "y"}));
}

TEST_CASE("delayed casts: their bytes are bounded, also by the memory of the "
          "function") {
  delayed_casts x{1000};
  CHECK(x.add({}, {"out", std::string(600, 'x')}));
  CHECK(!x.add({}, {"out", std::string(600, 'x')}));
  x.take({});
  CHECK(x.add({}, {"out", std::string(600, 'x')}));
  x.clear();
  CHECK(x.add({}, {"out", std::string(997, 'x')}));
  CHECK(!x.add({}, {"", "x"}));
}

TEST_CASE("outstanding call: is due only while the guest waits") {
  outstanding_call x;
  outstanding_call::time_point deadline;
  auto number = x.begin(node_id{1, 2}, deadline);
  CHECK(!x.due());

  x.wait();

  CHECK(x.due() == deadline);
  CHECK(x.callee() == node_id{1, 2});
  x.finish();
  CHECK(!x.due());
  CHECK(x.begin(node_id{1, 2}, deadline) == number + 1);
}

TEST_CASE("back-pressure: remembers since when a cast has been refused") {
  back_pressure x;
  back_pressure::time_point start;
  x.on_refused(start);
  x.suspend();
  x.resume();
  x.on_refused(start + 1s);

  CHECK(x.refused_since() == start);
  x.on_sent();
  CHECK(!x.refused_since());
}
