// SPDX-License-Identifier: MIT
#include "runtime/sandbox/parent_channel.hpp"

#include <doctest/doctest.h>

#include <memory>

using namespace edgeless;

namespace {

/// The node's end of a channel, and the bare ring of its process.
struct channel_fixture {
  std::unique_ptr<guest_channel> channel = std::make_unique<guest_channel>();
  parent_channel node{*channel};
  ring_writer process{channel->up};
  std::string frame
    = encode_frame(guest_frame::cast, {.name = "out"}, 5) + "hello";

  /// Writes `count` bytes of the frame from offset `from` on.
  void write(std::size_t from, std::size_t count) {
    process.put(std::string_view{frame}.substr(from, count));
    process.commit();
  }
};

} // namespace

TEST_CASE(
  "parent channel: ready() sees bytes that arrived since the last receive") {
  // Cut inside the head, at its end, and inside the body.
  for (std::size_t cut : {4, 8, 12}) {
    channel_fixture x;
    x.write(0, cut);
    REQUIRE(!x.node.receive());
    x.node.request_wakeup();
    REQUIRE(!x.node.is_ready());

    x.write(cut, x.frame.size());
    CHECK(x.node.is_ready());
    auto received = x.node.receive();
    REQUIRE(received);
    CHECK(received->second.rest == "hello");
  }
}

TEST_CASE(
  "parent channel: an impossible ring position keeps it ready, and breaks it") {
  channel_fixture x;
  x.channel->up.head = shared_ring::size + 1;
  CHECK(x.node.is_ready());
  CHECK(!x.node.receive());
  CHECK(x.node.is_broken());
}
