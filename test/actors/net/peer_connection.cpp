// SPDX-License-Identifier: MIT
#include "actors/net/peer_connection.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct connection_fixture : actor_fixture {
  connection_fixture()
    : registry{any<node_id>()}, to{any<node_id>(), 7, registry} {
    now += 1h;
    to.set_url("http://peer:7002");
  }

  /// Queues a cast, with credit as its sender takes it.
  void enqueue(std::string payload) {
    REQUIRE(registry.egress_credit(to.peer)->take(payload.size()));
    to.enqueue(any<physical_id>(), cast_of({registry.self, {}}, payload), "",
               now);
  }

  void open() {
    REQUIRE(to.start_dialling(now));
    to.on_dialled(spawn_double<ingress_actor>([](atom::tick) {}));
    to.on_open();
  }

  std::uint64_t credit_events() {
    return registry.egress_credit(to.peer)->events();
  }

  std::vector<std::string> drop_all() {
    std::vector<std::string> dropped;
    to.drop_all(8, [&](const event& x) { dropped.push_back(x.payload); });
    return dropped;
  }

  peer_connection::time_point now;
  instance_registry registry;
  peer_connection to;
};

} // namespace

TEST_CASE_FIXTURE(connection_fixture,
                  "peer connection: numbers the fragments of its batches") {
  enqueue("a");
  enqueue("b");
  auto* first = to.make_batch(now);
  REQUIRE(first);
  CHECK(first->first == 1);
  CHECK(first->count == 2);
  enqueue("c");

  auto* second = to.make_batch(now);

  REQUIRE(second);
  CHECK(second->first == 3);
  CHECK(to.make_batch(now) == nullptr);
  CHECK(to.fragments() == 3);
}

TEST_CASE_FIXTURE(connection_fixture,
                  "peer connection: an acknowledgement inside a batch removes "
                  "the batches before it only") {
  enqueue("a");
  to.make_batch(now);
  enqueue("b");
  enqueue("c");
  to.make_batch(now);

  CHECK(to.acknowledge(3, now) == 1);
  CHECK(to.in_flight().size() == 1);
  CHECK(credit_events() == 2);
  CHECK(to.acknowledge(4, now) == 2);
  CHECK(credit_events() == 0);
  CHECK(registry.counters.credit_events == 0);
  CHECK(registry.counters.credit_bytes == 0);
}

TEST_CASE_FIXTURE(connection_fixture,
                  "peer connection: the parts of an event count as one") {
  enqueue(std::string(limits::part + 1, 'x'));
  CHECK(to.fragments() == 2);
  to.make_batch(now);
  to.make_batch(now);

  CHECK(to.acknowledge(3, now) == 1);
  CHECK(credit_events() == 0);
}

TEST_CASE_FIXTURE(connection_fixture,
                  "peer connection: drops queued and in-flight events once") {
  enqueue("a");
  to.make_batch(now);
  enqueue("b");

  CHECK(drop_all().size() == 2);

  CHECK(!to.is_busy());
  CHECK(credit_events() == 0);
  CHECK(registry.counters.credit_events == 0);
  enqueue("c");
  CHECK(to.make_batch(now)->first == 1);
}

TEST_CASE_FIXTURE(connection_fixture,
                  "peer connection: bounds what is in flight") {
  for (std::size_t i = 0; i < limits::egress_batches + 1; ++i) {
    enqueue("x");
    to.make_batch(now);
  }

  CHECK(to.in_flight().size() == limits::egress_batches);
  CHECK(to.fragments() == limits::egress_batches + 1);
}

TEST_CASE_FIXTURE(connection_fixture,
                  "peer connection: dials once, and again after the back-off") {
  CHECK(to.start_dialling(now));
  CHECK(!to.start_dialling(now));

  CHECK(to.on_disconnected(now + 1s));
  CHECK(!to.on_disconnected(now + 2s));

  CHECK(!to.start_dialling(now));
  CHECK(to.start_dialling(now + 1s));
}

TEST_CASE_FIXTURE(connection_fixture,
                  "peer connection: tells a reconnect from the first connect") {
  REQUIRE(to.start_dialling(now));
  auto ingress = spawn_double<ingress_actor>([](atom::tick) {});
  to.on_dialled(ingress);
  CHECK(!to.on_open());
  to.on_disconnected(now);

  REQUIRE(to.start_dialling(now));
  to.on_dialled(ingress);

  CHECK(to.on_open());
  CHECK(to.failures() == 0);
}

TEST_CASE_FIXTURE(connection_fixture,
                  "peer connection: a new URL ends a dial and its back-off") {
  REQUIRE(to.start_dialling(now));

  to.set_url("http://elsewhere:7002");

  CHECK(to.state() == peer_connection::phase::disconnected);
  CHECK(to.start_dialling(now));
}

TEST_CASE_FIXTURE(connection_fixture,
                  "peer connection: a new URL keeps an open connection") {
  open();

  to.set_url("http://elsewhere:7002");

  CHECK(to.state() == peer_connection::phase::open);
}

TEST_CASE_FIXTURE(connection_fixture,
                  "peer connection: waits since its oldest fragment") {
  enqueue("a");
  auto then = now;
  now += 1s;
  enqueue("b");

  CHECK(to.waiting_since(now) == then);
  to.make_batch(now);
  CHECK(to.waiting_since(now) == now);
}

TEST_CASE_FIXTURE(connection_fixture,
                  "peer connection: bounds the small events in flight") {
  for (std::size_t i = 0; i < limits::credit_events + limits::batch_events; ++i)
    enqueue("x");

  while (to.make_batch(now) != nullptr) {
    // until nothing more may be sent
  }

  std::size_t in_flight = 0;
  for (auto& x : to.in_flight())
    in_flight += x.count;
  CHECK(in_flight == limits::credit_events);
}
