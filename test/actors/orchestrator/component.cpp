// SPDX-License-Identifier: MIT
#include "actors/orchestrator/component.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include <doctest/doctest.h>

#include <deque>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// A component that feeds `target`, between doubles of its orchestrator and of
/// the node it is placed on. The test answers placements and starts.
struct nursery : actor_fixture {
  nursery() {
    spec.id = any<logical_id>();
    target = any<logical_id>();
    spec.wiring["out"] = target;
    at.node = any<node_id>();
    at.session = any<session_id>();
    at.invocation_url = "http://node:7002";
    at.handle
      = system.spawn([this](node_actor::pointer me) { return node(me); });
    keep(at.handle);
    auto boss = spawn_double<orchestrator_actor>(
      [this](atom::place, const component_spec&) -> caf::result<placement> {
        ++placements;
        if (!feasible)
          return fail(ec::no_feasible_node, "nobody can");
        return at;
      },
      [this](atom::moved, const logical_id&, const endpoint& x) {
        moves.push_back(x);
      });
    child = keep(
      component_actor{system.spawn(component, spec, boss, random, false)});
  }

  node_actor::behavior_type node(node_actor::pointer me) {
    return {
      [this, me](atom::start, const physical_id& x, const component_spec&,
                 const output_map& y, const std::string&) {
        started.push_back(x);
        outputs = y;
        auto answer = me->make_response_promise<atom::ok>();
        if (at_once)
          answer.deliver(atom::ok_v);
        else
          waiting.push_back(answer);
        return answer;
      },
      [this](atom::patch, const physical_id&, const output_map& x) {
        outputs = x;
        ++patches;
      },
      [this](atom::stop, const physical_id& x) { stopped.push_back(x); },
      [](atom::prepare, const physical_id&, const component_spec&) {
        return atom::ok_v;
      },
      [](atom::activate, const physical_id&, const output_map&,
         const std::string&, const instance_id&) { return atom::ok_v; },
      [](atom::freeze, const physical_id&) { return std::string{}; },
      [](atom::thaw, const physical_id&) { /* nop */ },
      [](atom::hand_over, const physical_id&, const endpoint&,
         std::uint32_t) { /* nop */ },
      [](atom::keep_alive, std::uint64_t) { return node_report{}; },
      [](atom::running) { return inventory{}; },
      [this](atom::state, const physical_id&) { return kept; },
      [](atom::fence, const fenced_sessions&) { /* nop */ },
      [](atom::prepare, const physical_id&,
         const instance_actor&) { /* nop */ },
      [](atom::exited, const physical_id&, const std::string&) { /* nop */ },
      [](atom::synced, const physical_id&, const std::string&) { /* nop */ },
      [](atom::fetch, const code_id&) { return std::string{}; },
      [](atom::dialled, const std::string&, const caf::strong_actor_ptr&,
         const std::string&) { /* nop */ },
      [this](atom::tick) { next().deliver(atom::ok_v); },
      [this](atom::stop) { next().deliver(fail(ec::guest_fault, "no good")); },
    };
  }

  caf::typed_response_promise<atom::ok> next() {
    auto answer = waiting.front();
    waiting.pop_front();
    return answer;
  }

  /// The oldest start that is waiting succeeds, or fails.
  void succeed() {
    tell(at.handle, atom::tick_v);
  }

  void refuse() {
    tell(at.handle, atom::stop_v);
  }

  component_status status_of() {
    return *ask<component_status>(child, atom::inspect_v);
  }

  void exits() {
    tell(child, atom::exited_v, started.back(), std::string{"crash"});
  }

  component_spec spec;
  logical_id target;
  placement at;
  component_actor child;
  bool feasible = true;
  bool at_once = true;
  int placements = 0;
  int patches = 0;
  output_map outputs;
  std::deque<caf::typed_response_promise<atom::ok>> waiting;
  std::vector<physical_id> started;
  std::vector<physical_id> stopped;
  std::vector<endpoint> moves;
  std::string kept; ///< what the node has of its state
};

} // namespace

TEST_CASE_FIXTURE(nursery, "it asks for a place, starts there and says so") {
  run_until_idle();

  REQUIRE(started.size() == 1);
  REQUIRE(moves.size() == 1);
  CHECK(moves[0].instance == started[0]);
  CHECK(moves[0].session == at.session);
  CHECK(status_of().phase == component_phase::running);
}

TEST_CASE_FIXTURE(nursery, "it waits while nobody can host it") {
  feasible = false;
  run_until_idle();
  feasible = true;

  tell(child, atom::tick_v);

  CHECK(placements == 2);
  CHECK(status_of().phase == component_phase::running);
}

TEST_CASE_FIXTURE(nursery, "it says why nobody can") {
  feasible = false;
  run_until_idle();

  CHECK(status_of().phase == component_phase::pending);
  CHECK(status_of().reason == "nobody can");
}

TEST_CASE_FIXTURE(nursery, "one at home does not ask for another place") {
  run_until_idle();

  tell(child, atom::tick_v);

  CHECK(placements == 1);
}

TEST_CASE_FIXTURE(nursery, "while it starts, it does not ask again") {
  at_once = false;
  run_until_idle();

  tell(child, atom::tick_v);

  CHECK(placements == 1);
  CHECK(status_of().phase == component_phase::starting);
}

TEST_CASE_FIXTURE(nursery, "a start that fails is taken back and tried again") {
  at_once = false;
  run_until_idle();

  refuse();
  auto first = started.size();
  run_for(100ms);

  CHECK(first == 1);
  CHECK(stopped == std::vector{started[0]});
  CHECK(started.size() == 2);
  CHECK(status_of().reason == "no good");
}

TEST_CASE_FIXTURE(nursery, "what starts after it was taken back is stopped") {
  at_once = false;
  run_until_idle();
  at_once = true;
  tell(child, atom::lost_v, at.session);

  succeed();

  CHECK(status_of().instance == started[1]);
  CHECK(stopped == std::vector{started[0]});
}

TEST_CASE_FIXTURE(nursery, "an end before the answer to its start is an end") {
  at_once = false;
  run_until_idle();
  exits();

  succeed();

  CHECK(status_of().phase == component_phase::pending);
  CHECK(status_of().reason == "crash");
}

TEST_CASE_FIXTURE(nursery, "the loss of another session does not move it") {
  run_until_idle();

  tell(child, atom::lost_v, any<session_id>());

  CHECK(started.size() == 1);
}

TEST_CASE_FIXTURE(nursery, "the end of a former instance does not move it") {
  run_until_idle();

  tell(child, atom::exited_v, any<physical_id>(), std::string{"crash"});

  CHECK(started.size() == 1);
}

TEST_CASE_FIXTURE(nursery,
                  "a crash is followed by a start, the next by a pause") {
  run_until_idle();

  exits();
  auto first = started.size();
  exits();
  auto second = started.size();
  run_for(200ms);

  CHECK(first == 2);
  CHECK(second == 2);
  CHECK(started.size() == 3);
  CHECK(status_of().restarts == 2);
}

TEST_CASE_FIXTURE(nursery, "each crash doubles the pause") {
  run_until_idle();
  exits();
  exits();
  run_for(200ms);
  exits();
  run_for(399ms);
  auto early = started.size();

  run_for(1ms);

  CHECK(early == 3);
  CHECK(started.size() == 4);
}

TEST_CASE_FIXTURE(nursery, "it may keep what a node has brought along") {
  feasible = false;
  run_until_idle();
  inventory_record record;
  record.component = spec.id;
  record.instance = any<physical_id>();
  record.spec = fingerprint(spec);
  record.outputs_revision = 41;

  auto keeps = ask<bool>(child, atom::adopt_v, record, at);

  CHECK(keeps == true);
  CHECK(status_of().instance == record.instance);
  CHECK(outputs.revision > 41);
}

TEST_CASE_FIXTURE(nursery, "what is brought while it asks for a place stays") {
  // The node, the orchestrator and the component are born; it has asked.
  scheduler().run_once();
  scheduler().run_once();
  scheduler().run_once();
  inventory_record record;
  record.component = spec.id;
  record.instance = any<physical_id>();
  record.spec = fingerprint(spec);

  auto keeps = ask<bool>(child, atom::adopt_v, record, at);

  CHECK(keeps == true);
  CHECK(placements == 1);
  CHECK(started.empty());
  CHECK(moves.back().instance == record.instance);
}

TEST_CASE_FIXTURE(nursery, "it does not keep what runs something else") {
  feasible = false;
  run_until_idle();
  inventory_record record;
  record.component = spec.id;
  record.instance = any<physical_id>();
  record.spec = fingerprint(spec) + 1;

  CHECK(ask<bool>(child, atom::adopt_v, record, at) == false);
}

TEST_CASE_FIXTURE(nursery, "it does not keep a second instance") {
  run_until_idle();
  inventory_record record;
  record.component = spec.id;
  record.instance = any<physical_id>();
  record.spec = fingerprint(spec);

  CHECK(ask<bool>(child, atom::adopt_v, record, at) == false);
  CHECK(status_of().instance == started[0]);
}

TEST_CASE_FIXTURE(nursery, "its own instance stays under a new session") {
  run_until_idle();
  inventory_record record;
  record.component = spec.id;
  record.instance = started[0];
  record.spec = fingerprint(spec);
  at.session = any<session_id>();

  auto keeps = ask<bool>(child, atom::adopt_v, record, at);

  CHECK(keeps == true);
  CHECK(moves.back().session == at.session);
  CHECK(status_of().restarts == 0);
}

TEST_CASE_FIXTURE(nursery, "a listener is told at once, and at each move") {
  run_until_idle();
  std::vector<endpoint> heard;
  auto ear
    = spawn_double<listener_actor>([&](atom::moved, const logical_id&,
                               const endpoint& x) { heard.push_back(x); });
  tell(child, atom::watch_v, ear);
  auto first = heard.size();

  exits();

  CHECK(first == 1);
  REQUIRE(heard.size() == 3);
  CHECK(!heard[1]);
  CHECK(heard[2].instance == started[1]);
}

TEST_CASE_FIXTURE(nursery, "when its target moves, it patches its instance") {
  run_until_idle();
  endpoint there;
  there.node = any<node_id>();
  there.instance = any<physical_id>();
  auto before = outputs.revision;

  tell(child, atom::moved_v, target, there);

  CHECK(outputs.channels.at("out") == there);
  CHECK(outputs.revision > before);
}

TEST_CASE_FIXTURE(nursery, "news that are none patch nothing") {
  run_until_idle();
  endpoint there;
  there.instance = any<physical_id>();
  tell(child, atom::moved_v, target, there);
  auto before = patches;

  tell(child, atom::moved_v, target, there);

  CHECK(patches == before);
}

TEST_CASE_FIXTURE(nursery, "when it stops, so does its instance") {
  run_until_idle();

  tell(child, atom::stop_v);

  CHECK(stopped == started);
}
