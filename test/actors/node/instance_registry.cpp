// SPDX-License-Identifier: MIT
#include "test/fixtures/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct street : actor_fixture {
  street() : registry{any<node_id>()} {
    placed_on.sink = spawn_double<sink_actor>(
      [this](atom::deliver, const events& x) { got.push_back(x.size()); });
    placed_on.room = std::make_shared<credit>(2, 100);
  }

  event cast(std::string payload) {
    return cast_of({registry.self, {}}, std::move(payload));
  }

  event call(std::uint64_t number) {
    auto x = cast("?");
    x.kind = event_kind::call;
    x.call = number;
    return x;
  }

  void enqueue_cast(events batch) {
    deliver(registry, placed_on, std::move(batch),
            [this](const event& x) { refused.push_back(x.call); });
    run_until_idle();
  }

  instance_registry registry;
  local_instance placed_on;
  std::vector<std::size_t> got;
  std::vector<std::uint64_t> refused;
};

} // namespace

TEST_CASE_FIXTURE(street, "who lives here is found, who moved out is not") {
  auto id = any<physical_id>();
  registry.add(id, placed_on);
  auto before = registry.find(id).has_value();

  registry.remove(id);

  CHECK(before);
  CHECK(!registry.find(id));
  CHECK(registry.size() == 0);
}

TEST_CASE_FIXTURE(street, "events of one drain travel in one message") {
  enqueue_cast({cast("a"), cast("b")});

  CHECK(got == std::vector<std::size_t>{2});
  CHECK(placed_on.room->events() == 2);
}

TEST_CASE_FIXTURE(street, "what finds no room is counted, and its calls fail") {
  enqueue_cast({cast("a"), cast("b"), cast("c"), call(7)});

  CHECK(got == std::vector<std::size_t>{2});
  CHECK(registry.counts.dropped(drop_reason::inbox_full) == 2);
  CHECK(refused == std::vector<std::uint64_t>{7});
}

TEST_CASE_FIXTURE(street, "an answer needs no room") {
  enqueue_cast({cast("a"), cast("b")});
  auto answer = call(7);
  answer.kind = event_kind::reply;

  enqueue_cast({answer});

  CHECK(got == std::vector<std::size_t>{2, 1});
  CHECK(registry.counts.dropped() == 0);
}

TEST_CASE_FIXTURE(street, "nobody is delivered to whom has gone") {
  placed_on.room->close();

  enqueue_cast({cast("a"), call(7)});

  CHECK(got.empty());
  CHECK(registry.counts.dropped(drop_reason::unknown_instance) == 2);
  CHECK(refused == std::vector<std::uint64_t>{7});
}

TEST_CASE_FIXTURE(street, "all senders share the room of a link") {
  auto peer = any<node_id>();

  CHECK(registry.egress_credit(peer) == registry.egress_credit(peer));
  CHECK(registry.egress_credit(peer) != registry.egress_credit(any<node_id>()));
}

TEST_CASE_FIXTURE(street, "room that was taken survives a flood of peers") {
  auto peer = any<node_id>();
  REQUIRE(registry.egress_credit(peer)->take(5));

  for (int i = 0; i < 1000; ++i)
    registry.egress_credit(any<node_id>());

  CHECK(registry.egress_credit(peer)->events() == 1);
}
