// SPDX-License-Identifier: MIT
#include "messages/ids.hpp"

#include <doctest/doctest.h>

#include <set>
#include <thread>
#include <vector>

using namespace edgeless;

namespace {

// More than a thread fetches from the kernel at a time.
constexpr std::size_t many = 1000;

std::vector<node_id> draw_many(const random_source& random) {
  std::vector<node_id> result;
  for (std::size_t i = 0; i < many; ++i)
    result.push_back(draw<node_id>(random));
  return result;
}

} // namespace

TEST_CASE("ids: two threads draw no id twice") {
  auto random = os_random();
  std::vector<node_id> others;
  std::jthread thread{[&others, random] {
    others = draw_many(random);
  }};
  auto own = draw_many(random);
  thread.join();

  std::set<node_id> all{own.begin(), own.end()};
  all.insert(others.begin(), others.end());
  CHECK(all.size() == 2 * many);
}

TEST_CASE("ids: a drawn id is a version 4 UUID with all thread bits random") {
  std::uint64_t ones = 0, zeros = 0;
  for (auto& x : draw_many(os_random())) {
    CHECK((x.high & 0xF000) == 0x4000);
    CHECK((x.low >> 62) == 2);
    ones |= x.high;
    zeros |= ~x.high;
  }
  CHECK((ones | 0xF000) == ~0ull);
  CHECK((zeros | 0xF000) == ~0ull);
}
