// SPDX-License-Identifier: MIT
#include "runtime/base/fair_queue.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace edgeless;

TEST_CASE("fair queue: owners take turns, and each one's items keep their "
          "order") {
  fair_queue<char, std::string> x;
  for (auto item : {"a1", "a2", "a3"})
    x.push('a', item);
  for (auto item : {"b1", "b2"})
    x.push('b', item);
  std::string order = *x.pop();
  order += *x.pop();
  x.push('c', "c1");
  while (auto item = x.pop())
    order += *item;
  CHECK(order == "a1b1a2b2c1a3");
}

TEST_CASE("fair queue: who was served goes to the end") {
  fair_queue<char, int> x;
  CHECK(!x.pop());
  x.push('a', 1);
  x.push('b', 2);
  CHECK(x.pop() == 1);
  x.push('a', 3);
  CHECK(x.pop() == 2);
  CHECK(x.pop() == 3);
  CHECK(!x.pop());
}
