// SPDX-License-Identifier: MIT
#include "actors/liveness.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

struct liveness_fixture : actor_fixture {
  /// An actor with no handler at all, as far as this is concerned.
  caf::actor healthy() {
    return keep(system.spawn([](caf::event_based_actor*) -> caf::behavior {
      return {[](atom::stop) {
      }};
    }));
  }

  /// Takes no message up: its mailbox is never read.
  caf::actor stuck() {
    return caf::actor_cast<caf::actor>(self);
  }

  std::string problem(const liveness& x) {
    return x.problem(clock().now());
  }
};

} // namespace

TEST_CASE_FIXTURE(liveness_fixture,
                  "liveness: actors that take up messages are alive") {
  liveness all{system, {{"the NODE", healthy()}, {"other", healthy()}}};

  CHECK(problem(all).empty());
  run_for(10 * limits::liveness);
  CHECK(problem(all).empty());
}

TEST_CASE_FIXTURE(liveness_fixture,
                  "liveness: names what has not answered for too long") {
  liveness all{system, {{"other", healthy()}, {"the NODE", stuck()}}};
  run_for(limits::liveness);
  CHECK(problem(all).empty());

  run_for(2s);

  CHECK(problem(all) == "the NODE has not answered for 12 s");
}

TEST_CASE_FIXTURE(liveness_fixture,
                  "liveness: an actor that has ended is not alive") {
  auto victim = healthy();
  liveness all{system, {{"the NODE", victim}}};
  run_for(5s);
  CHECK(problem(all).empty());
  caf::anon_send_exit(victim, caf::exit_reason::kill);

  run_for(limits::liveness + 2s);

  CHECK(problem(all).starts_with("the NODE has not answered"));
}

TEST_CASE_FIXTURE(liveness_fixture,
                  "liveness: a pool that runs nothing is not alive") {
  liveness all{system, {{"the NODE", healthy()}}};
  run_until_idle();

  scheduler().advance_time(limits::liveness + 1s);

  CHECK(problem(all).starts_with("the thread pool has not answered"));
  run_until_idle();
  CHECK(problem(all).empty());
}
