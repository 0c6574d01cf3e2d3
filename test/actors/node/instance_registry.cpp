// SPDX-License-Identifier: MIT
#include "test/fixtures/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct registry_fixture : actor_fixture {
  registry_fixture() : registry{any<node_id>()} {
    instance.sink
      = spawn_double<sink_actor>([this](atom::deliver, const events& x) {
          batch_sizes.push_back(x.size());
        });
    instance.room = std::make_shared<credit>(2, 100);
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

  void deliver_batch(events batch) {
    deliver(registry, instance, std::move(batch),
            [this](const event& x) { refused.push_back(x.call); });
    run_until_idle();
  }

  instance_registry registry;
  local_instance instance;
  std::vector<std::size_t> batch_sizes;
  std::vector<std::uint64_t> refused;
};

} // namespace

TEST_CASE_FIXTURE(registry_fixture,
                  "instance registry: finds an instance until it is removed") {
  auto id = any<physical_id>();
  registry.add(id, instance);
  auto before = registry.find(id).has_value();

  registry.remove(id);

  CHECK(before);
  CHECK(!registry.find(id));
  CHECK(registry.size() == 0);
}

TEST_CASE_FIXTURE(
  registry_fixture,
  "instance registry: delivers a batch of events in one message") {
  deliver_batch({cast("a"), cast("b")});

  CHECK(batch_sizes == std::vector<std::size_t>{2});
  CHECK(instance.room->events() == 2);
}

TEST_CASE_FIXTURE(
  registry_fixture,
  "instance registry: events without credit are counted, calls are refused") {
  deliver_batch({cast("a"), cast("b"), cast("c"), call(7)});

  CHECK(batch_sizes == std::vector<std::size_t>{2});
  CHECK(registry.counts.dropped(drop_reason::inbox_full) == 2);
  CHECK(refused == std::vector<std::uint64_t>{7});
}

TEST_CASE_FIXTURE(
  registry_fixture,
  "instance registry: an event of a stream without credit is no "
  "loss, unless its target has ended") {
  auto of_stream = cast("c");
  of_stream.stream = of_stream.number = 1;
  deliver_batch({cast("a"), cast("b"), of_stream});

  CHECK(registry.counts.dropped() == 0);
  CHECK(registry.counts.discarded() == 1);
  instance.room->close();
  deliver_batch({of_stream});
  CHECK(registry.counts.dropped(drop_reason::unknown_instance) == 1);
}

TEST_CASE_FIXTURE(registry_fixture,
                  "instance registry: a reply takes no credit") {
  deliver_batch({cast("a"), cast("b")});
  auto answer = call(7);
  answer.kind = event_kind::reply;

  deliver_batch({answer});

  CHECK(batch_sizes == std::vector<std::size_t>{2, 1});
  CHECK(registry.counts.dropped() == 0);
}

TEST_CASE_FIXTURE(
  registry_fixture,
  "instance registry: an instance that has ended gets no events") {
  instance.room->close();

  deliver_batch({cast("a"), call(7)});

  CHECK(batch_sizes.empty());
  CHECK(registry.counts.dropped(drop_reason::unknown_instance) == 2);
  CHECK(refused == std::vector<std::uint64_t>{7});
}

TEST_CASE_FIXTURE(
  registry_fixture,
  "instance registry: all senders share the egress credit of a peer") {
  auto peer = any<node_id>();

  CHECK(registry.egress_credit(peer) == registry.egress_credit(peer));
  CHECK(registry.egress_credit(peer) != registry.egress_credit(any<node_id>()));
}

TEST_CASE_FIXTURE(
  registry_fixture,
  "instance registry: taken egress credit survives a thousand other peers") {
  auto peer = any<node_id>();
  REQUIRE(registry.egress_credit(peer)->take(5));

  for (int i = 0; i < 1000; ++i)
    registry.egress_credit(any<node_id>());

  CHECK(registry.egress_credit(peer)->events() == 1);
}
