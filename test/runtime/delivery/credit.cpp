// SPDX-License-Identifier: MIT
#include "runtime/delivery/credit.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace edgeless;

TEST_CASE("credit: admits up to its number of events") {
  credit x{2, 100};

  CHECK(x.take(1));
  CHECK(x.take(1));
  CHECK(!x.take(1));
  CHECK(x.events() == 2);
}

TEST_CASE("credit: admits up to its number of bytes") {
  credit x{10, 100};

  CHECK(x.take(60));
  CHECK(x.take(40));
  CHECK(!x.take(1));
  CHECK(x.bytes() == 100);
}

TEST_CASE("credit: an event without bytes takes credit") {
  credit x{1, 100};

  CHECK(x.take(0));
  CHECK(!x.take(0));
}

TEST_CASE("credit: an unused credit admits an event of any size") {
  credit x{10, 100};

  CHECK(x.take(1'000'000));
  CHECK(!x.take(1));
}

TEST_CASE("credit: returned credit can be taken again") {
  credit x{1, 100};
  REQUIRE(x.take(100));

  x.give_back(1, 100);

  CHECK(x.events() == 0);
  CHECK(x.bytes() == 0);
  CHECK(x.take(100));
}

TEST_CASE("credit: bytes may be returned before their event") {
  credit x{2, 100};
  REQUIRE(x.take(80));

  x.give_back(0, 50);

  CHECK(x.events() == 1);
  CHECK(x.bytes() == 30);
}

TEST_CASE("credit: a closed credit admits nothing and keeps its count") {
  credit x{10, 100};
  REQUIRE(x.take(1));
  REQUIRE(x.take(1));

  x.close();
  x.close();

  CHECK(x.closed());
  CHECK(!x.take(1));
  CHECK(x.events() == 2);
}

TEST_CASE("credit: a closed credit accepts returns") {
  credit x{10, 100};
  REQUIRE(x.take(5));
  x.close();

  x.give_back(1, 5);

  CHECK(x.events() == 0);
  CHECK(x.closed());
  CHECK(!x.take(1));
}

TEST_CASE("credit: an unused closed credit admits nothing") {
  credit x{10, 100};

  x.close();

  CHECK(!x.take(1));
  CHECK(x.events() == 0);
}

TEST_CASE("credit: concurrent threads never exceed it") {
  credit x{100, 1'000'000};
  std::atomic<int> taken{0};
  auto greedy = [&] {
    for (int i = 0; i < 10'000; ++i)
      taken += x.take(3);
  };

  {
    std::jthread first{greedy};
    std::jthread second{greedy};
    std::jthread third{greedy};
  }

  CHECK(taken == 100);
  CHECK(x.events() == 100);
  CHECK(x.bytes() == 300);
}
