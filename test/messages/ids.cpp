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

TEST_CASE("ids: a UUID is read in each form that people write") {
  node_id expected{0xfda6ce7946df4f96, 0xa0d2456f720f606c};
  for (auto text :
       {"fda6ce79-46df-4f96-a0d2-456f720f606c",
        "FDA6CE79-46DF-4F96-A0D2-456F720F606C",
        "fda6ce7946df4f96a0d2456f720f606c", "FDA6CE7946DF4F96A0D2456F720F606C",
        "urn:uuid:fda6ce79-46df-4f96-a0d2-456f720f606c",
        "URN:UUID:FDA6CE79-46DF-4F96-A0D2-456F720F606C"})
    CHECK_MESSAGE(parse_id<node_id>(text) == expected, text);
  for (auto text :
       {"", "fda6ce79-46df-4f96-a0d2-456f720f606",
        "fda6ce79-46df-4f96-a0d2-456f720f606cc",
        "fda6ce7946df-4f96-a0d2-456f720f606c-",
        "fda6ce7946df4f96a0d2456f720f606g", "-da6ce7946df4f96a0d2456f720f606c",
        "urn:uuid:fda6ce7946df4f96a0d2456f720f606c",
        "urx:uuid:fda6ce79-46df-4f96-a0d2-456f720f606c"})
    CHECK_MESSAGE(!parse_id<node_id>(text), text);
}
