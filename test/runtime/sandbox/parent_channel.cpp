// SPDX-License-Identifier: MIT
#include "runtime/sandbox/parent_channel.hpp"

#include <doctest/doctest.h>

#include <memory>

using namespace edgeless;

namespace {

/// A node's end, and the bare ring of a process.
struct fixture {
  std::unique_ptr<guest_channel> channel = std::make_unique<guest_channel>();
  parent_channel line{*channel};
  ring_writer process{channel->up};
  std::string frame
    = begin_frame(guest_frame::cast, {.name = "out"}, 5) + "hello";

  /// Says so many bytes of the frame, from there on.
  void say(std::size_t from, std::size_t count) {
    process.put(std::string_view{frame}.substr(from, count));
    process.show();
  }
};

} // namespace

TEST_CASE("whoever wants to sleep sees what came since the last look") {
  // In its head, at its end, and in its body.
  for (std::size_t cut : {4, 8, 12}) {
    fixture x;
    x.say(0, cut);
    REQUIRE(!x.line.next());
    x.line.want();
    REQUIRE(!x.line.ready());

    x.say(cut, x.frame.size());
    CHECK(x.line.ready());
    auto heard = x.line.next();
    REQUIRE(heard);
    CHECK(heard->second.rest == "hello");
  }
}

TEST_CASE("a place that makes no sense is a reason to stay awake") {
  fixture x;
  x.channel->up.head = shared_ring::size + 1;
  CHECK(x.line.ready());
  CHECK(!x.line.next());
  CHECK(x.line.broken());
}
