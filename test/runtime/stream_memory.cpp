// SPDX-License-Identifier: MIT
#include "runtime/stream_memory.hpp"

#include "messages/limits.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using verdict = stream_memory::verdict;

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
  stream_memory x;

  CHECK(x.judge(numbered(1)) == verdict::fresh);
  CHECK(x.judge(numbered(2)) == verdict::fresh);
  CHECK(x.judge(numbered(1)) == verdict::repeated);
  CHECK(x.judge(numbered(4)) == verdict::premature);
  CHECK(x.judge(numbered(3)) == verdict::fresh);
  CHECK(x.judge(numbered(4)) == verdict::fresh);
}

TEST_CASE("streams know nothing of each other") {
  stream_memory x;
  x.judge(numbered(1));

  CHECK(x.judge(numbered(1, 0, 6)) == verdict::fresh);
  auto other = numbered(1);
  other.source_component = logical_id{0, 4};
  CHECK(x.judge(other) == verdict::fresh);
}

TEST_CASE("who begins in the middle takes what is not confirmed") {
  stream_memory x;

  CHECK(x.judge(numbered(102, 100)) == verdict::premature);
  CHECK(x.judge(numbered(100, 99)) == verdict::repeated);
  CHECK(x.judge(numbered(101, 100)) == verdict::fresh);
}

TEST_CASE("a number that jumps is premature, and takes nothing along") {
  stream_memory x;
  x.judge(numbered(1));

  CHECK(x.judge(numbered(~0ull)) == verdict::premature);
  CHECK(x.judge(numbered(0)) == verdict::repeated);
  CHECK(x.judge(numbered(2)) == verdict::fresh);
}

TEST_CASE("what was handled is told once, however much it was") {
  stream_memory x;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    x.judge(numbered(i));
    x.handled(receipt_of(numbered(i)));
  }
  x.judge(numbered(11));

  auto news = x.take_news();

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
  stream_memory x;
  x.judge(numbered(1));
  REQUIRE(!x.speaks());
  auto again = numbered(1);
  again.source = {node_id{0, 8}, physical_id{0, 9}};

  x.judge(again);

  auto news = x.take_news();
  REQUIRE(news.size() == 1);
  CHECK(news[0].first == again.source);
  CHECK(news[0].second.number == 0);
  CHECK(news[0].second.after == 1);
  CHECK(news[0].second.call == 0);
}

TEST_CASE("a gap is told once, and again when its end gets lost, too") {
  stream_memory x;
  x.judge(numbered(1));

  x.judge(numbered(3));
  CHECK(x.take_news().size() == 1);
  x.judge(numbered(4));
  CHECK(x.take_news().empty());
  x.judge(numbered(3));
  CHECK(x.take_news().size() == 1);
}

TEST_CASE("a successor goes on where its predecessor was") {
  stream_memory old, fresh;
  for (std::uint64_t i = 1; i <= 3; ++i)
    old.judge(numbered(i));
  old.handled(receipt_of(numbered(2)));

  for (auto& known : old.all())
    fresh.learn(known);

  CHECK(fresh.judge(numbered(2)) == verdict::repeated);
  CHECK(fresh.judge(numbered(3)) == verdict::fresh);
}

TEST_CASE("streams are bounded: the longest unused is forgotten") {
  stream_memory x;
  for (std::uint64_t i = 1; i <= limits::streams; ++i)
    x.judge(numbered(1, 0, i));
  x.judge(numbered(2, 0, 1));

  x.judge(numbered(1, 0, limits::streams + 1));

  CHECK(x.all().size() == limits::streams);
  CHECK(x.judge(numbered(2, 0, 1)) == verdict::repeated);
  CHECK(x.judge(numbered(1, 0, 2)) == verdict::fresh);
}
