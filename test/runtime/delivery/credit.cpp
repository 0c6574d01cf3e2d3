// SPDX-License-Identifier: MIT
#include "runtime/delivery/credit.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace edgeless;

TEST_CASE("a quota admits as many events as it was made for") {
  credit x{2, 100};

  CHECK(x.take(1));
  CHECK(x.take(1));
  CHECK(!x.take(1));
  CHECK(x.events() == 2);
}

TEST_CASE("a quota admits as many bytes as it was made for") {
  credit x{10, 100};

  CHECK(x.take(60));
  CHECK(x.take(40));
  CHECK(!x.take(1));
  CHECK(x.bytes() == 100);
}

TEST_CASE("an event without bytes needs room, too") {
  credit x{1, 100};

  CHECK(x.take(0));
  CHECK(!x.take(0));
}

TEST_CASE("an empty quota admits any event, however large") {
  credit x{10, 100};

  CHECK(x.take(1'000'000));
  CHECK(!x.take(1));
}

TEST_CASE("what is given back can be taken again") {
  credit x{1, 100};
  REQUIRE(x.take(100));

  x.give_back(1, 100);

  CHECK(x.events() == 0);
  CHECK(x.bytes() == 0);
  CHECK(x.take(100));
}

TEST_CASE("bytes may be given back before their event") {
  credit x{2, 100};
  REQUIRE(x.take(80));

  x.give_back(0, 50);

  CHECK(x.events() == 1);
  CHECK(x.bytes() == 30);
}

TEST_CASE("a closed quota admits nothing, and knows what it had admitted") {
  credit x{10, 100};
  REQUIRE(x.take(1));
  REQUIRE(x.take(1));

  x.close();
  x.close();

  CHECK(x.closed());
  CHECK(!x.take(1));
  CHECK(x.events() == 2);
}

TEST_CASE("a closed quota takes back") {
  credit x{10, 100};
  REQUIRE(x.take(5));
  x.close();

  x.give_back(1, 5);

  CHECK(x.events() == 0);
  CHECK(x.closed());
  CHECK(!x.take(1));
}

TEST_CASE("an empty quota that is closed admits nothing") {
  credit x{10, 100};

  x.close();

  CHECK(!x.take(1));
  CHECK(x.events() == 0);
}

TEST_CASE("any number of threads never take more than there is") {
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
