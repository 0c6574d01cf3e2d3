// SPDX-License-Identifier: MIT
#include "actors/node/snapshot_store.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

namespace {

constexpr physical_id one{1, 1}, two{2, 2};

std::string large(char x) {
  return std::string(limits::state + 10, x);
}

/// Sends the state of `from` to `to`, part by part.
std::string transfer(snapshot_store& from, snapshot_store& to,
                     std::string state) {
  auto part = from.put(one, std::move(state));
  REQUIRE(part);
  while (part->offset + part->bytes.size() < part->size) {
    REQUIRE(!to.append(two, *part));
    part = from.read(one, part->offset + part->bytes.size());
    REQUIRE(part);
  }
  return to.take(two) + part->bytes;
}

} // namespace

TEST_CASE("snapshot store: a state of any size arrives as it was") {
  snapshot_store from, to;
  for (auto size :
       {std::size_t{0}, std::size_t{1}, limits::state, limits::state + 1,
        3 * limits::state, 3 * limits::state + 5})
    CHECK(transfer(from, to, std::string(size, 's')) == std::string(size, 's'));
}

TEST_CASE("snapshot store: a small state is not kept") {
  snapshot_store x;
  REQUIRE(x.put(one, "small"));
  CHECK(!x.read(one, 0));
}

TEST_CASE("snapshot store: the sum of the states is bounded") {
  snapshot_store x{2 * limits::state};
  REQUIRE(x.put(one, large('a')));
  CHECK(x.put(two, large('b')).error() == ec::exhausted);
  // Replaced, not added.
  CHECK(x.put(one, large('c')));
  x.erase(one);
  CHECK(x.put(two, large('b')));
}

TEST_CASE("snapshot store: the reserved room counts, not what has arrived") {
  snapshot_store x{100};
  CHECK(!x.append(one, {60, 0, "first"}));
  CHECK(x.append(two, {60, 0, "first"}) == ec::exhausted);
  CHECK(x.take(one) == "first");
  CHECK(!x.append(two, {60, 0, "first"}));
}

TEST_CASE("snapshot store: parts that do not follow each other are refused") {
  snapshot_store x;
  CHECK(x.append(one, {10, 3, "abc"}) == ec::bad_input);
  CHECK(!x.append(one, {10, 0, "abc"}));
  CHECK(x.append(one, {10, 2, "abc"}) == ec::bad_input);
  CHECK(x.append(one, {11, 3, "abc"}) == ec::bad_input);
  CHECK(x.append(one, {10, 3, "more than it"}) == ec::bad_input);
  CHECK(x.append(two, {limits::snapshot + 1, 0, "abc"}) == ec::bad_input);
  // From the beginning again.
  CHECK(!x.append(one, {10, 0, "ab"}));
  CHECK(x.take(one) == "ab");
}
