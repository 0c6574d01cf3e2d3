// SPDX-License-Identifier: MIT
#include "actors/node/state_store.hpp"

#include "messages/workflow.hpp"

#include <doctest/doctest.h>

using namespace edgeless;

namespace {

constexpr logical_id first_component{1, 1};
constexpr logical_id second_component{1, 2};

} // namespace

TEST_CASE("state store: keeps the last state of each component") {
  state_store store;
  REQUIRE(store.put(first_component, "a"));
  REQUIRE(store.put(second_component, "b"));

  REQUIRE(store.put(first_component, "c"));

  REQUIRE(store.find(first_component));
  CHECK(*store.find(first_component) == "c");
  CHECK(*store.find(second_component) == "b");
  CHECK(store.fingerprint(first_component) == fingerprint_of_state("c"));
}

TEST_CASE("state store: an erased state is absent and has no fingerprint") {
  state_store store;
  REQUIRE(store.put(first_component, "a"));

  store.erase(first_component);

  CHECK(store.find(first_component) == nullptr);
  CHECK(store.fingerprint(first_component) == 0);
}

TEST_CASE(
  "state store: a state beyond the limit replaces the older one by none") {
  state_store store{4};
  REQUIRE(store.put(first_component, "abc"));
  REQUIRE(store.put(second_component, "d"));

  CHECK(!store.put(second_component, "de"));

  CHECK(store.find(second_component) == nullptr);
  CHECK(*store.find(first_component) == "abc");
}

TEST_CASE("state store: erasing and replacing make room again") {
  state_store store{4};
  REQUIRE(store.put(first_component, "abcd"));
  REQUIRE(store.put(first_component, "ab"));
  CHECK(store.put(second_component, "cd"));

  store.erase(first_component);

  CHECK(store.put(second_component, "abcd"));
}
