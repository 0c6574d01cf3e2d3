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

TEST_CASE("events of a stream are taken in order, each once") {
  dedup_window x;

  CHECK(x.classify(numbered(1)) == verdict::fresh);
  CHECK(x.classify(numbered(2)) == verdict::fresh);
  CHECK(x.classify(numbered(1)) == verdict::duplicate);
  CHECK(x.classify(numbered(4)) == verdict::out_of_order);
  CHECK(x.classify(numbered(3)) == verdict::fresh);
  CHECK(x.classify(numbered(4)) == verdict::fresh);
}

TEST_CASE("streams know nothing of each other") {
  dedup_window x;
  x.classify(numbered(1));

  CHECK(x.classify(numbered(1, 0, 6)) == verdict::fresh);
  auto other = numbered(1);
  other.source_component = logical_id{0, 4};
  CHECK(x.classify(other) == verdict::fresh);
}

TEST_CASE("who begins in the middle takes what is not confirmed") {
  dedup_window x;

  CHECK(x.classify(numbered(102, 100)) == verdict::out_of_order);
  CHECK(x.classify(numbered(100, 99)) == verdict::duplicate);
  CHECK(x.classify(numbered(101, 100)) == verdict::fresh);
}

TEST_CASE("a number that jumps is premature, and takes nothing along") {
  dedup_window x;
  x.classify(numbered(1));

  CHECK(x.classify(numbered(~0ull)) == verdict::out_of_order);
  CHECK(x.classify(numbered(0)) == verdict::duplicate);
  CHECK(x.classify(numbered(2)) == verdict::fresh);
}

TEST_CASE("what was handled is told once, however much it was") {
  dedup_window x;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    x.classify(numbered(i));
    x.handled(receipt_of(numbered(i)));
  }
  x.classify(numbered(11));

  auto news = x.drain_acks();

  REQUIRE(news.size() == 1);
  CHECK(news[0].first == source);
  CHECK(news[0].second.kind == event_kind::handled);
  CHECK(news[0].second.stream == 5);
  CHECK(news[0].second.number == 10);
  CHECK(news[0].second.after == 11);
  CHECK(news[0].second.call == 0);
  CHECK(!x.speaks());
}

TEST_CASE("a repeat makes it say what it has, to who has sent it") {
  dedup_window x;
  x.classify(numbered(1));
  REQUIRE(!x.speaks());
  auto again = numbered(1);
  again.source = {node_id{0, 8}, physical_id{0, 9}};

  x.classify(again);

  auto news = x.drain_acks();
  REQUIRE(news.size() == 1);
  CHECK(news[0].first == again.source);
  CHECK(news[0].second.number == 0);
  CHECK(news[0].second.after == 1);
  CHECK(news[0].second.call == 0);
}

TEST_CASE("a gap is told once, and again when its end gets lost, too") {
  dedup_window x;
  x.classify(numbered(1));

  x.classify(numbered(3));
  CHECK(x.drain_acks().size() == 1);
  x.classify(numbered(4));
  CHECK(x.drain_acks().empty());
  x.classify(numbered(3));
  CHECK(x.drain_acks().size() == 1);
}

TEST_CASE("a successor goes on where its predecessor was") {
  dedup_window old, fresh;
  for (std::uint64_t i = 1; i <= 3; ++i)
    old.classify(numbered(i));
  old.handled(receipt_of(numbered(2)));

  for (auto& known : old.all())
    fresh.learn(known);

  CHECK(fresh.classify(numbered(2)) == verdict::duplicate);
  CHECK(fresh.classify(numbered(3)) == verdict::fresh);
}

TEST_CASE("streams are bounded: the longest unused is forgotten") {
  dedup_window x;
  for (std::uint64_t i = 1; i <= limits::streams; ++i)
    x.classify(numbered(1, 0, i));
  x.classify(numbered(2, 0, 1));

  x.classify(numbered(1, 0, limits::streams + 1));

  CHECK(x.all().size() == limits::streams);
  CHECK(x.classify(numbered(2, 0, 1)) == verdict::duplicate);
  CHECK(x.classify(numbered(1, 0, 2)) == verdict::fresh);
}
