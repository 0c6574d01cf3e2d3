// SPDX-License-Identifier: MIT
#include "test/actors/orchestrator/orchestrator_fixture.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "orchestrator: tells its controller of each node that joins") {
  std::vector<std::string> joined;
  REQUIRE(ask<domain_description>(
    subject, atom::attach_v, std::string{"domain-1"},
    spawn_double<controller_link_actor>(
      [&](atom::joined, const std::string& x) { joined.push_back(x); })));

  REQUIRE(join(any<node_id>(), healthy_node(), any<boot_id>()));

  CHECK(joined == std::vector<std::string>{"domain-1"});
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "recovery: an instance of an unknown component is stopped on join") {
  inventory_record unwanted;
  unwanted.component = any<logical_id>();
  unwanted.instance = any<physical_id>();

  auto x = join(any<node_id>(), healthy_node(), any<boot_id>(), {unwanted});

  REQUIRE(x);
  CHECK(x->stop == std::vector{unwanted.instance});
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "recovery: instances are kept until the controller has named its workflows") {
  tell(subject, atom::stop_v);
  orchestrator_options options;
  options.domain_id = "domain-1";
  options.random = random;
  subject = keep(orchestrator_actor{system.spawn(orchestrator, options)});
  inventory_record found;
  found.component = any<logical_id>();
  found.instance = any<physical_id>();
  std::vector<physical_id> stopped;
  auto node = spawn_double<node_actor>(
    [found](atom::keep_alive, std::uint64_t) {
      return node_report{{}, digest(found.instance), {}};
    },
    [found](atom::running) { return inventory{found}; },
    [&](atom::stop, const physical_id& x) { stopped.push_back(x); });

  auto x = join(any<node_id>(), node, any<boot_id>(), {found});
  run_for(1min);

  REQUIRE(x);
  CHECK(x->stop.empty());
  CHECK(stopped.empty());
  tell(subject, atom::hosted_v, std::vector<workflow_id>{});
  CHECK(stopped == std::vector{found.instance});
}

TEST_CASE_FIXTURE(orchestrator_fixture,
                  "orchestrator: hosting a workflow twice starts it once") {
  REQUIRE(join(any<node_id>(), healthy_node(), any<boot_id>()));
  auto id = any<workflow_id>();
  specs all{function(id)};

  auto first = ask<statuses>(subject, atom::host_v, id, all);
  auto again = ask<statuses>(subject, atom::host_v, id, all);

  REQUIRE(first);
  REQUIRE(again);
  CHECK(again->at(0).instance == first->at(0).instance);
  CHECK(started.size() == 1);
}

TEST_CASE_FIXTURE(orchestrator_fixture,
                  "orchestrator: host answers although no node is feasible") {
  auto id = any<workflow_id>();

  auto done = ask<statuses>(subject, atom::host_v, id, specs{function(id)});

  REQUIRE(done);
  CHECK(done->at(0).phase == component_phase::pending);
  CHECK(done->at(0).reason == "no node has joined the domain");
}

TEST_CASE_FIXTURE(orchestrator_fixture,
                  "orchestrator: host answers in time although a start hangs") {
  auto hanging = spawn_double<node_actor>(
    [](atom::keep_alive, std::uint64_t) { return node_report{}; });
  REQUIRE(join(any<node_id>(), hanging, any<boot_id>()));
  auto id = any<workflow_id>();
  auto request = self->request(subject, caf::infinite, atom::host_v, id,
                               specs{function(id)});

  run_for(limits::host);

  CHECK(!self->mailbox().empty());
  request.receive([](const statuses& x) { CHECK(x.size() == 1); },
                  [](const caf::error& x) { FAIL(explain(x)); });
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "orchestrator: drops workflows that the controller does not name") {
  auto kept = any<workflow_id>();
  auto gone = any<workflow_id>();
  REQUIRE(ask<statuses>(subject, atom::host_v, kept, specs{function(kept)}));
  REQUIRE(ask<statuses>(subject, atom::host_v, gone, specs{function(gone)}));

  tell(subject, atom::hosted_v, std::vector{kept});

  CHECK(ask<statuses>(subject, atom::inspect_v, kept));
  auto missing = ask<statuses>(subject, atom::inspect_v, gone);
  REQUIRE(!missing);
  CHECK(missing.error() == ec::unknown_workflow);
}

TEST_CASE_FIXTURE(orchestrator_fixture,
                  "orchestrator: dropping an unknown workflow succeeds") {
  CHECK(ask<atom::ok>(subject, atom::drop_v, any<workflow_id>()));
}

TEST_CASE_FIXTURE(orchestrator_fixture,
                  "orchestrator: refuses a controller of another domain") {
  auto x
    = ask<domain_description>(subject, atom::attach_v, std::string{"domain-2"},
                              spawn_double<controller_link_actor>());

  REQUIRE(!x);
  CHECK(explain(x.error()) == "this is domain domain-1, not domain-2");
}
