// SPDX-License-Identifier: MIT
#include "runtime/wasm/memory_pool.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

TEST_CASE("memory pool: reports what is used and what is left") {
  memory_pool x{100};

  CHECK(x.change(0, 30));
  CHECK(x.change(30, 70));
  CHECK(x.used() == 70);
  CHECK(x.left() == 30);
}

TEST_CASE("memory pool: refuses a change beyond the total, but counts it until "
          "it is undone") {
  memory_pool x{100};

  CHECK(!x.change(0, 130));
  CHECK(x.left() == 0);
  CHECK(x.change(130, 0));
  CHECK(x.left() == 100);
}

TEST_CASE("memory pool: never refuses a guest that shrinks") {
  memory_pool x{100};
  x.change(0, 150);

  CHECK(x.change(150, 120));
}

TEST_CASE("memory pool: refuses nothing without a bound") {
  memory_pool x;

  CHECK(x.change(0, std::uint64_t{1} << 50));
  CHECK(x.left() > std::uint64_t{1} << 60);
  CHECK(x.total() == 0);
}
