// SPDX-License-Identifier: MIT
#include "runtime/delivery/dedup_window.hpp"

#include "messages/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using verdict = dedup_window::verdict;

namespace {

const instance_id source{node_id{0, 1}, physical_id{0, 2}};

event numbered(std::uint64_t number, std::uint64_t after = 0,
               std::uint64_t stream = 5) {
  event x;
  x.source = source;
  x.source_component = logical_id{0, 3};
  x.stream = stream;
  x.number = number;
  x.after = after;
  return x;
}

} // namespace

TEST_CASE("dedup window: accepts the events of a stream in order, each once") {
  dedup_window x;

  CHECK(x.classify(numbered(1)) == verdict::fresh);
  CHECK(x.classify(numbered(2)) == verdict::fresh);
  CHECK(x.classify(numbered(1)) == verdict::duplicate);
  CHECK(x.classify(numbered(4)) == verdict::out_of_order);
  CHECK(x.classify(numbered(3)) == verdict::fresh);
  CHECK(x.classify(numbered(4)) == verdict::fresh);
}

TEST_CASE("dedup window: streams are independent") {
  dedup_window x;
  x.classify(numbered(1));

  CHECK(x.classify(numbered(1, 0, 6)) == verdict::fresh);
  auto other = numbered(1);
  other.source_component = logical_id{0, 4};
  CHECK(x.classify(other) == verdict::fresh);
}

TEST_CASE("dedup window: a new window starts after the acknowledged number") {
  dedup_window x;

  CHECK(x.classify(numbered(102, 100)) == verdict::out_of_order);
  CHECK(x.classify(numbered(100, 99)) == verdict::duplicate);
  CHECK(x.classify(numbered(101, 100)) == verdict::fresh);
}

TEST_CASE("dedup window: a gap is out of order and changes nothing") {
  dedup_window x;
  x.classify(numbered(1));

  CHECK(x.classify(numbered(~0ull)) == verdict::out_of_order);
  CHECK(x.classify(numbered(0)) == verdict::duplicate);
  CHECK(x.classify(numbered(2)) == verdict::fresh);
}

TEST_CASE("dedup window: acknowledgements are cumulative") {
  dedup_window x;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    x.classify(numbered(i));
    x.handled(receipt_of(numbered(i)));
  }
  x.classify(numbered(11));

  auto acks = x.drain_acks();

  REQUIRE(acks.size() == 1);
  CHECK(acks[0].first == source);
  CHECK(acks[0].second.kind == event_kind::handled);
  CHECK(acks[0].second.stream == 5);
  CHECK(acks[0].second.number == 10);
  CHECK(acks[0].second.after == 11);
  CHECK(acks[0].second.call == 0);
  CHECK(!x.has_acks());
}

TEST_CASE("dedup window: a duplicate is acknowledged to its sender") {
  dedup_window x;
  x.classify(numbered(1));
  REQUIRE(!x.has_acks());
  auto again = numbered(1);
  again.source = {node_id{0, 8}, physical_id{0, 9}};

  x.classify(again);

  auto acks = x.drain_acks();
  REQUIRE(acks.size() == 1);
  CHECK(acks[0].first == again.source);
  CHECK(acks[0].second.number == 0);
  CHECK(acks[0].second.after == 1);
  CHECK(acks[0].second.call == 0);
}

TEST_CASE("dedup window: a gap is reported once, and again when it persists") {
  dedup_window x;
  x.classify(numbered(1));

  x.classify(numbered(3));
  CHECK(x.drain_acks().size() == 1);
  x.classify(numbered(4));
  CHECK(x.drain_acks().empty());
  x.classify(numbered(3));
  CHECK(x.drain_acks().size() == 1);
}

TEST_CASE("dedup window: a successor continues from the exported numbers") {
  dedup_window predecessor, successor;
  for (std::uint64_t i = 1; i <= 3; ++i)
    predecessor.classify(numbered(i));
  predecessor.handled(receipt_of(numbered(2)));

  for (auto& known : predecessor.export_all())
    successor.import_stream(known);

  CHECK(successor.classify(numbered(2)) == verdict::duplicate);
  CHECK(successor.classify(numbered(3)) == verdict::fresh);
}

TEST_CASE("dedup window: evicts the least recently used stream") {
  dedup_window x;
  for (std::uint64_t i = 1; i <= limits::streams; ++i)
    x.classify(numbered(1, 0, i));
  x.classify(numbered(2, 0, 1));

  x.classify(numbered(1, 0, limits::streams + 1));

  CHECK(x.export_all().size() == limits::streams);
  CHECK(x.classify(numbered(2, 0, 1)) == verdict::duplicate);
  CHECK(x.classify(numbered(1, 0, 2)) == verdict::fresh);
}
