// SPDX-License-Identifier: MIT
#include "runtime/delivery/flat_queue.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <string>

using namespace edgeless;

TEST_CASE("flat queue: is first in, first out") {
  std::mt19937 random{1};
  flat_queue<std::string> queue;
  std::deque<std::string> model;
  for (int i = 0; i < 20'000; ++i) {
    // The queue alternately grows and shrinks for 1000 steps.
    auto pushes = random() % 16 < (i / 1000 % 2 == 0 ? 9u : 7u);
    if (pushes) {
      queue.push_back(std::to_string(i));
      model.push_back(std::to_string(i));
    } else if (!model.empty()) {
      REQUIRE(queue.front() == model.front());
      queue.pop_front();
      model.pop_front();
    }
    REQUIRE(queue.size() == model.size());
    REQUIRE(queue.empty() == model.empty());
  }
  CHECK(std::equal(queue.begin(), queue.end(), model.begin(), model.end()));
}

TEST_CASE("flat queue: push_all_front() precedes all items") {
  flat_queue<std::string> queue;
  for (auto x : {"gone", "c", "d"})
    queue.push_back(x);
  queue.pop_front();
  std::deque<std::string> first{"a", "b"};

  queue.push_all_front(first.begin(), first.end());

  CHECK(std::vector<std::string>(queue.begin(), queue.end())
        == std::vector<std::string>{"a", "b", "c", "d"});
}

TEST_CASE("flat queue: expect() reserves memory") {
  flat_queue<std::string> queue;
  queue.expect(100);
  queue.push_back("a");
  auto* place = &queue.front();
  for (int i = 1; i < 100; ++i)
    queue.push_back("b");
  CHECK(place == &queue.front());
}
