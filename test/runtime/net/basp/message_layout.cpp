// SPDX-License-Identifier: MIT
#include "runtime/net/basp/message_layout.hpp"

#include "test/fixtures/frame_bytes.hpp"

#include <doctest/doctest.h>

namespace edgeless {

namespace {

/// Whether the layout of T skips exactly the bytes that CAF writes.
template <class T>
bool fits(const T& x) {
  auto text = bytes::of(x);
  frame_cursor in{text.data(), text.data() + text.size()};
  auto shape = find_layout(wire_name<T>());
  return shape != nullptr && !text.empty() && shape(in) && in.left() == 0;
}

/// Whether the layout of T refuses a value that lacks its last byte.
template <class T>
bool misses_last_byte(const T& x) {
  auto text = bytes::of(x);
  frame_cursor in{text.data(), text.data() + text.size() - 1};
  return !find_layout(wire_name<T>())(in);
}

template <class T>
void check_empty() {
  INFO(wire_name<T>());
  CHECK(fits(T{}));
  CHECK(misses_last_byte(T{}));
}

template <class Block, std::size_t... I>
void check_all(std::index_sequence<I...>) {
  (check_empty<typename caf::type_by_id<Block::begin + I>::type>(), ...);
}

} // namespace

TEST_CASE("message layout: matches CAF's serialisation of every message type") {
  using block = caf::id_block::edgeless_types;
  check_all<block>(std::make_index_sequence<block::end - block::begin>{});
}

TEST_CASE("message layout: matches CAF's serialisation of filled containers") {
  workflow_status status;
  status.spec.components.resize(3);
  status.spec.components[1].output_mapping = {{"out", "sink"}, {"err", "log"}};
  status.spec.components[2].outputs = {"a", std::string(300, 'b')};
  status.reasons.assign(200, "why");
  CHECK(fits(status));
  component_spec spec;
  spec.wiring["out"] = {};
  CHECK(fits(spec));
  CHECK(fits(batch{7, std::vector<fragment>(130)}));
}

TEST_CASE(
  "message layout: plain values have a layout, CAF's own types have none") {
  CHECK(fits(std::string{"text"}));
  CHECK(fits(std::uint64_t{1}));
  CHECK(fits(true));
  for (auto name : {"@message", "@error", "@exit", "@down", "@actor", "@addr",
                    "@strong_actor_ptr", "@group", "@downstream_msg", "", "x"})
    CHECK(bool{find_layout(name) == nullptr});
}

TEST_CASE("message layout: counts the memory that the values take") {
  auto cost = [](const std::vector<std::string>& x) {
    auto text = bytes::of(x);
    frame_cursor in{text.data(), text.data() + text.size()};
    REQUIRE(find_layout("@strvec")(in));
    return in.cost;
  };
  CHECK(cost({}) == 0);
  CHECK(cost({"", ""}) == 2 * sizeof(std::string));
  CHECK(cost({"abc"}) == sizeof(std::string) + 3);
}

} // namespace edgeless
