// SPDX-License-Identifier: MIT
#include "actors/orchestrator/component.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include <doctest/doctest.h>

#include <deque>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// A component that feeds `target`, with doubles of its orchestrator and of the
/// node where it is placed. The test answers placements and starts.
struct component_fixture : actor_fixture {
  component_fixture() {
    spec.id = any<logical_id>();
    target = any<logical_id>();
    spec.wiring["out"] = target;
    spec.settings["state_policy"] = "Global";
    at.node = any<node_id>();
    at.session = any<session_id>();
    at.invocation_url = "http://node:7002";
    at.handle
      = system.spawn([this](node_actor::pointer me) { return node(me); });
    keep(at.handle);
    auto orchestrator = spawn_double<orchestrator_actor>(
      [this](atom::place, const component_spec&) -> caf::result<placement> {
        ++placements;
        if (!is_feasible)
          return fail(ec::no_feasible_node, "no node fits");
        return at;
      },
      [this](atom::moved, const logical_id&, const endpoint& x) {
        announced.push_back(x);
      });
    subject = keep(component_actor{
      system.spawn(component, spec, orchestrator, random, false)});
  }

  node_actor::behavior_type node(node_actor::pointer me) {
    return {
      [this, me](atom::start, const physical_id& x, const component_spec&,
                 const output_map& y, const std::string& z) {
        started.push_back(x);
        outputs = y;
        first_state = z;
        auto answer = me->make_response_promise<atom::ok>();
        if (answers_at_once)
          answer.deliver(atom::ok_v);
        else
          pending_starts.push_back(answer);
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
      [](atom::freeze, const physical_id&) { return state_part{}; },
      [](atom::state, const physical_id&, std::uint64_t) {
        return state_part{};
      },
      [](atom::state, const physical_id&, const state_part&) {
        return atom::ok_v;
      },
      [](atom::thaw, const physical_id&) { /* nop */ },
      [](atom::hand_over, const physical_id&, const endpoint&,
         std::uint32_t) { /* nop */ },
      [](atom::keep_alive, std::uint64_t) { return node_report{}; },
      [](atom::running) { return inventory{}; },
      [this](atom::state, const physical_id&) { return node_state; },
      [](atom::moved, const component_spec&, const endpoint&) { /* nop */ },
      [](atom::drop, const logical_id&) { /* nop */ },
      [](atom::hosted, const std::vector<workflow_id>&) { /* nop */ },
      [](atom::fence, const fenced_sessions&) { /* nop */ },
      [](atom::prepare, const physical_id&,
         const instance_actor&) { /* nop */ },
      [](atom::exited, const physical_id&, const std::string&) { /* nop */ },
      [](atom::synced, const physical_id&) { /* nop */ },
      [](atom::fetch, const code_id&) { return std::string{}; },
      [](atom::dialled, const std::string&, const caf::strong_actor_ptr&,
         const std::string&) { /* nop */ },
      [this](atom::tick) { next_start().deliver(atom::ok_v); },
      [this](atom::stop) {
        next_start().deliver(fail(ec::guest_fault, "no good"));
      },
    };
  }

  caf::typed_response_promise<atom::ok> next_start() {
    auto answer = pending_starts.front();
    pending_starts.pop_front();
    return answer;
  }

  /// Answers the oldest pending start with success.
  void accept_start() {
    tell(at.handle, atom::tick_v);
  }

  /// Answers the oldest pending start with an error.
  void refuse_start() {
    tell(at.handle, atom::stop_v);
  }

  component_status status() {
    return *ask<component_status>(subject, atom::inspect_v);
  }

  void crash() {
    tell(subject, atom::exited_v, started.back(), std::string{"crash"});
  }

  component_spec spec;
  logical_id target;
  placement at;
  component_actor subject;
  bool is_feasible = true;
  bool answers_at_once = true;
  int placements = 0;
  int patches = 0;
  output_map outputs;
  std::deque<caf::typed_response_promise<atom::ok>> pending_starts;
  std::vector<physical_id> started;
  std::vector<physical_id> stopped;
  std::vector<endpoint> announced;
  std::string node_state;  ///< the state that the node returns
  std::string first_state; ///< the state of the last start
};

} // namespace

TEST_CASE_FIXTURE(component_fixture, "component: requests a placement, starts "
                                     "an instance there and announces it") {
  run_until_idle();

  REQUIRE(started.size() == 1);
  REQUIRE(announced.size() == 1);
  CHECK(announced[0].instance == started[0]);
  CHECK(announced[0].session == at.session);
  CHECK(status().phase == component_phase::running);
}

TEST_CASE_FIXTURE(
  component_fixture,
  "component: stays pending while no node is feasible and retries on a tick") {
  is_feasible = false;
  run_until_idle();
  is_feasible = true;

  tell(subject, atom::tick_v);

  CHECK(placements == 2);
  CHECK(status().phase == component_phase::running);
}

TEST_CASE_FIXTURE(component_fixture,
                  "component: reports why no node is feasible") {
  is_feasible = false;
  run_until_idle();

  CHECK(status().phase == component_phase::pending);
  CHECK(status().reason == "no node fits");
}

TEST_CASE_FIXTURE(
  component_fixture,
  "component: requests no other placement while its instance runs") {
  run_until_idle();

  tell(subject, atom::tick_v);

  CHECK(placements == 1);
}

TEST_CASE_FIXTURE(
  component_fixture,
  "component: requests no other placement while its instance starts") {
  answers_at_once = false;
  run_until_idle();

  tell(subject, atom::tick_v);

  CHECK(placements == 1);
  CHECK(status().phase == component_phase::starting);
}

TEST_CASE_FIXTURE(
  component_fixture,
  "component: a failed start is stopped and retried after the back-off") {
  answers_at_once = false;
  run_until_idle();

  refuse_start();
  auto first = started.size();
  run_for(100ms);

  CHECK(first == 1);
  CHECK(stopped == std::vector{started[0]});
  CHECK(started.size() == 2);
  CHECK(status().reason == "no good");
}

TEST_CASE_FIXTURE(component_fixture, "component: stops an instance whose start "
                                     "succeeds after its session was lost") {
  answers_at_once = false;
  run_until_idle();
  answers_at_once = true;
  tell(subject, atom::lost_v, at.session);

  accept_start();

  CHECK(status().instance == started[1]);
  CHECK(stopped == std::vector{started[0]});
}

TEST_CASE_FIXTURE(
  component_fixture,
  "component: an instance that ends before its start was answered has failed") {
  answers_at_once = false;
  run_until_idle();
  crash();

  accept_start();

  CHECK(status().phase == component_phase::pending);
  CHECK(status().reason == "crash");
}

TEST_CASE_FIXTURE(
  component_fixture,
  "component: the loss of another session does not relocate it") {
  run_until_idle();

  tell(subject, atom::lost_v, any<session_id>());

  CHECK(started.size() == 1);
}

TEST_CASE_FIXTURE(
  component_fixture,
  "component: the exit of a former instance does not relocate it") {
  run_until_idle();

  tell(subject, atom::exited_v, any<physical_id>(), std::string{"crash"});

  CHECK(started.size() == 1);
}

TEST_CASE_FIXTURE(component_fixture, "component: restarts at once after a "
                                     "crash and backs off after the next one") {
  run_until_idle();

  crash();
  auto first = started.size();
  crash();
  auto second = started.size();
  run_for(200ms);

  CHECK(first == 2);
  CHECK(second == 2);
  CHECK(started.size() == 3);
  CHECK(status().restarts == 2);
}

TEST_CASE_FIXTURE(component_fixture,
                  "component: each crash doubles the back-off") {
  run_until_idle();
  crash();
  crash();
  run_for(200ms);
  crash();
  run_for(399ms);
  auto early = started.size();

  run_for(1ms);

  CHECK(early == 3);
  CHECK(started.size() == 4);
}

TEST_CASE_FIXTURE(component_fixture,
                  "component: adopts an instance that a node brings along") {
  is_feasible = false;
  run_until_idle();
  inventory_record record;
  record.component = spec.id;
  record.instance = any<physical_id>();
  record.spec = fingerprint(spec);
  record.outputs_revision = 41;

  auto keeps = ask<bool>(subject, atom::adopt_v, record, at);

  CHECK(keeps == true);
  CHECK(status().instance == record.instance);
  CHECK(outputs.revision > 41);
}

TEST_CASE_FIXTURE(
  component_fixture,
  "component: keeps an adopted instance when a placement arrives late") {
  // Runs the initialisation of the node, the orchestrator and the component:
  // the placement is requested and not answered yet.
  scheduler().run_once();
  scheduler().run_once();
  scheduler().run_once();
  inventory_record record;
  record.component = spec.id;
  record.instance = any<physical_id>();
  record.spec = fingerprint(spec);

  auto keeps = ask<bool>(subject, atom::adopt_v, record, at);

  CHECK(keeps == true);
  CHECK(placements == 1);
  CHECK(started.empty());
  CHECK(announced.back().instance == record.instance);
}

TEST_CASE_FIXTURE(
  component_fixture,
  "component: does not adopt an instance with another fingerprint") {
  is_feasible = false;
  run_until_idle();
  inventory_record record;
  record.component = spec.id;
  record.instance = any<physical_id>();
  record.spec = fingerprint(spec) + 1;

  CHECK(ask<bool>(subject, atom::adopt_v, record, at) == false);
}

TEST_CASE_FIXTURE(component_fixture,
                  "component: does not adopt a second instance") {
  run_until_idle();
  inventory_record record;
  record.component = spec.id;
  record.instance = any<physical_id>();
  record.spec = fingerprint(spec);

  CHECK(ask<bool>(subject, atom::adopt_v, record, at) == false);
  CHECK(status().instance == started[0]);
}

TEST_CASE_FIXTURE(
  component_fixture,
  "component: its own instance survives a new session of its node") {
  run_until_idle();
  inventory_record record;
  record.component = spec.id;
  record.instance = started[0];
  record.spec = fingerprint(spec);
  at.session = any<session_id>();

  auto keeps = ask<bool>(subject, atom::adopt_v, record, at);

  CHECK(keeps == true);
  CHECK(announced.back().session == at.session);
  CHECK(status().restarts == 0);
}

TEST_CASE_FIXTURE(component_fixture, "component: announces its placement to a "
                                     "listener at once and on each change") {
  run_until_idle();
  std::vector<endpoint> received;
  auto listener = spawn_double<listener_actor>(
    [&](atom::moved, const logical_id&, const endpoint& x) {
      received.push_back(x);
    });
  tell(subject, atom::watch_v, listener);
  auto first = received.size();

  crash();

  CHECK(first == 1);
  REQUIRE(received.size() == 3);
  CHECK(!received[1]);
  CHECK(received[2].instance == started[1]);
}

TEST_CASE_FIXTURE(component_fixture,
                  "component: patches its instance when its target moves") {
  run_until_idle();
  endpoint there;
  there.node = any<node_id>();
  there.instance = any<physical_id>();
  auto before = outputs.revision;

  tell(subject, atom::moved_v, target, there);

  CHECK(outputs.channels.at("out") == there);
  CHECK(outputs.revision > before);
}

TEST_CASE_FIXTURE(
  component_fixture,
  "component: an unchanged placement of its target patches nothing") {
  run_until_idle();
  endpoint there;
  there.instance = any<physical_id>();
  tell(subject, atom::moved_v, target, there);
  auto before = patches;

  tell(subject, atom::moved_v, target, there);

  CHECK(patches == before);
}

TEST_CASE_FIXTURE(component_fixture,
                  "component: stopping it stops its instance") {
  run_until_idle();

  tell(subject, atom::stop_v);

  CHECK(stopped == started);
}

TEST_CASE_FIXTURE(component_fixture,
                  "component: starts the next instance with the last state") {
  run_until_idle();
  tell(subject, atom::synced_v, started.back(), std::string{"7"});

  crash();

  REQUIRE(started.size() == 2);
  CHECK(first_state == "7");
}

TEST_CASE_FIXTURE(component_fixture,
                  "component: refuses the state of another instance") {
  run_until_idle();
  auto former = started.back();
  tell(subject, atom::synced_v, former, std::string{"7"});
  crash();
  REQUIRE(started.size() == 2);

  tell(subject, atom::synced_v, former, std::string{"stale"});
  tell(subject, atom::synced_v, any<physical_id>(), std::string{"foreign"});
  crash();
  run_for(1s);

  REQUIRE(started.size() == 3);
  CHECK(first_state == "7");
}
