// SPDX-License-Identifier: MIT
#include "test/fixtures/migration_fixture.hpp"

#include <algorithm>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// More deliveries than a move takes.
constexpr int moments = 90;

/// A misfortune in the midst of a move of the middle, at every moment of it.
template <class Misfortune, class Check>
void at_each_moment(Misfortune strike, Check check) {
  for (int n = 0; n < moments; ++n) {
    INFO("after ", n, " deliveries");
    movers x;
    x.start_chain();
    x.drive(20);
    x.begin_migration("middle", "node-4");
    x.drive(n);
    strike(x);
    x.drive(100);
    x.rest();
    check(x);
    CHECK(x.outcomes.size() == 1);
  }
}

void check_home(movers& x) {
  CHECK(x.nodes_running("middle").size() == 1);
  CHECK(x.placed_on("middle") == x.nodes_running("middle").front());
  CHECK(x.accounted());
  x.seen.clear();
  x.cast_to("middle", "7");
  CHECK(x.seen == std::vector{7});
}

/// Who was told to move and cannot, traps on that node.
script picky(movers& x) {
  return [&x](guest_host& host, const guest_event& e) -> step {
    if (e.kind == hook::init && x.node_of(host) == "node-4")
      return trap{"not here"};
    if (e.kind == hook::cast)
      host.cast("out", e.payload);
    return {};
  };
}

} // namespace

TEST_CASE_FIXTURE(movers, "whose init fails elsewhere stays where it is") {
  scripts["pass"] = picky(*this);
  start_chain();
  drive(20);

  auto said = migrate("middle", "node-4");
  drive(100);
  rest();

  REQUIRE(!said);
  CHECK(explain(said.error()) == "not here");
  CHECK(placed_on("middle") == "node-2");
  CHECK(status_of("middle").restarts == 0);
  CHECK(intact());
  CHECK(lossless());
}

TEST_CASE_FIXTURE(movers, "who was frozen in vain can move again") {
  scripts["pass"] = picky(*this);
  start_chain();
  REQUIRE(!migrate("middle", "node-4"));
  drive(50);

  auto said = migrate("middle", "node-1");
  drive(50);
  rest();

  CHECK(said);
  CHECK(placed_on("middle") == "node-1");
  CHECK(intact());
  CHECK(lossless());
}

TEST_CASE_FIXTURE(movers, "a delayed cast that falls due frozen is not lost") {
  pumping = false;
  scripts["pass"] = [this](guest_host& host, const guest_event& e) -> step {
    if (e.kind == hook::init && node_of(host) == "node-4")
      return trap{"not here"};
    if (e.payload == "later")
      (void)host.delayed_cast(1ms, "out", "7");
    return {};
  };
  start_chain();
  cast_to("middle", "later");
  begin_migration("middle", "node-4");
  drive(100);
  rest();

  CHECK(seen == std::vector{7});
}

TEST_CASE("the old node may die at each moment of a move") {
  at_each_moment([](movers& x) { x.kill("node-2"); },
                 [](movers& x) { check_home(x); });
}

TEST_CASE("nobody waits for what the old node would have passed on") {
  for (int n = 0; n < moments; ++n) {
    INFO("after ", n, " deliveries");
    movers x;
    x.start_chain();
    x.drive(20);
    x.begin_migration("middle", "node-4");
    x.drive(n);
    x.kill("node-2");
    x.run_until_idle();
    x.cast_to("source", "go");

    // Not a moment has passed: no marker was waited for.
    CHECK(std::ranges::count(x.seen, x.made - 1) == 1);
    x.rest();
    CHECK(x.accounted());
  }
}

TEST_CASE("the new node may die at each moment of a move") {
  at_each_moment([](movers& x) { x.kill("node-4"); },
                 [](movers& x) {
                   check_home(x);
                   CHECK(x.placed_on("middle") != "node-4");
                 });
}

TEST_CASE("the new node's death costs nothing until it is home") {
  for (int n = 0; n < moments; ++n) {
    movers x;
    x.start_chain();
    x.drive(20);
    x.begin_migration("middle", "node-4");
    x.drive(n);
    if (!x.outcomes.empty())
      break;
    x.kill("node-4");
    if (x.outcomes.size() == 1 && x.outcomes[0])
      break;
    x.drive(100);
    x.rest();
    INFO("after ", n, " deliveries");
    CHECK(x.placed_on("middle") == "node-2");
    CHECK(x.intact());
  }
}

TEST_CASE("the neighbours may die at each moment of a move") {
  for (auto neighbour : {"node-1", "node-3"})
    at_each_moment([&](movers& x) { x.kill(neighbour); },
                   [](movers& x) { check_home(x); });
}

TEST_CASE("the connection of either node may break at each moment") {
  for (auto node : {"node-2", "node-4"})
    at_each_moment([&](movers& x) { x.reset(node, "domain-1"); },
                   [](movers& x) {
                     check_home(x);
                     CHECK(x.balanced_except_lost());
                   });
}

TEST_CASE("the link between them may break at each moment") {
  for (auto [a, b] : {std::pair{"node-2", "node-4"},
                      {"node-1", "node-4"},
                      {"node-1", "node-2"},
                      {"node-4", "node-3"}})
    at_each_moment([&](movers& x) { x.reset(a, b); },
                   [](movers& x) {
                     CHECK(x.placed_on("middle") == "node-4");
                     CHECK(x.lossless());
                     CHECK(x.seen.size() == static_cast<std::size_t>(x.made));
                   });
}

TEST_CASE("the instance may crash at each moment of a move") {
  for (int n = 0; n < moments; ++n) {
    INFO("after ", n, " deliveries");
    movers x;
    x.scripts["pass"] = [](guest_host& host, const guest_event& e) -> step {
      if (e.payload == "die")
        return trap{"told to die"};
      if (e.kind == hook::cast)
        host.cast("out", e.payload);
      return {};
    };
    x.start_chain();
    x.drive(20);
    auto old = x.status_of("middle").instance;
    x.begin_migration("middle", "node-4");
    x.drive(n);
    if (x.node_of(old) == "node-2")
      x.enqueue_cast("node-2", old, "die");
    x.drive(100);
    x.rest();
    check_home(x);
    CHECK(x.balanced());
  }
}

TEST_CASE("a workflow may be stopped at each moment of a move") {
  for (int n = 0; n < moments; ++n) {
    INFO("after ", n, " deliveries");
    movers x;
    x.pumping = false;
    x.start_chain();
    auto workflow = x.status.id;
    x.begin_migration("middle", "node-4");
    x.run(n);
    x.stop(workflow);
    x.run_for(40s);
    for (auto& node : x.nodes())
      CHECK(x.node_state_of(node).instances.empty());
    CHECK(x.outcomes.size() == 1);
    CHECK(x.balanced());
  }
}

TEST_CASE("a silent new node does not hold a move for ever") {
  movers x;
  x.start_chain();
  x.cut("node-4");
  x.begin_migration("middle", "node-4");
  x.drive(100);
  x.run_for(10s);
  x.rest();

  REQUIRE(x.outcomes.size() == 1);
  CHECK(!x.outcomes[0]);
  CHECK(x.placed_on("middle") == "node-2");
  CHECK(x.intact());
}

TEST_CASE("a node that comes back frozen is thawed, or stopped") {
  for (int n = 0; n < moments; ++n) {
    INFO("after ", n, " deliveries");
    movers x;
    x.start_chain();
    x.drive(20);
    x.begin_migration("middle", "node-4");
    x.drive(n);
    x.cut("node-2");
    x.pumping = false;
    x.run_for(10s);
    x.reconnect("node-2");
    x.run_for(10s);
    x.rest();
    check_home(x);
  }
}
