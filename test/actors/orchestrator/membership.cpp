// SPDX-License-Identifier: MIT
#include "test/actors/orchestrator/orchestrator_fixture.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace edgeless;
using namespace edgeless::test;

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "membership: a joining node gets a session and the keep-alive interval") {
  auto x = join(any<node_id>(), healthy_node(), any<boot_id>());

  REQUIRE(x);
  CHECK(x->session);
  CHECK(x->keep_alive_ms == 2000);
  CHECK(describe_domain().nodes == 1);
}

TEST_CASE_FIXTURE(orchestrator_fixture,
                  "membership: a node without an id is refused") {
  auto x = join({}, healthy_node(), any<boot_id>());

  REQUIRE(!x);
  CHECK(x.error() == ec::bad_input);
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "membership: the same process may join again and gets a new session") {
  auto id = any<node_id>();
  auto boot = any<boot_id>();
  auto first = join(id, healthy_node(), boot);

  auto second = join(id, healthy_node(), boot);

  REQUIRE(second);
  CHECK(first->session != second->session);
  CHECK(describe_domain().nodes == 1);
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "membership: another process with the id of a live node is refused") {
  auto id = any<node_id>();
  REQUIRE(join(id, healthy_node(), any<boot_id>()));

  auto x = join(id, healthy_node(), any<boot_id>());

  REQUIRE(!x);
  CHECK(x.error() == ec::duplicate);
  CHECK(explain(x.error()) == "node_id already in use by http://node:7002");
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "membership: a node joins when it answers at the address that "
  "it announces") {
  auto net = std::make_shared<scripted_transport>();
  orchestrator_options options;
  options.net = net;
  restart(std::move(options));
  auto asked = self->request(subject, caf::infinite, atom::join_v,
                             describe(any<node_id>()), healthy_node(),
                             any<boot_id>(), inventory{});
  run_until_idle();
  REQUIRE(net->probes.size() == 1);
  CHECK(net->probes[0].where == "http://node:7002");
  CHECK(describe_domain().nodes == 0);

  net->probes[0].done("");
  run_until_idle();

  CHECK(describe_domain().nodes == 1);
  asked.receive([](const welcome& x) { CHECK(x.session); },
                [](const caf::error& x) { FAIL(explain(x)); });
}

TEST_CASE_FIXTURE(orchestrator_fixture,
                  "membership: a node whose address leads elsewhere is refused "
                  "with the reason") {
  auto net = std::make_shared<scripted_transport>();
  orchestrator_options options;
  options.net = net;
  restart(std::move(options));
  auto asked = self->request(subject, caf::infinite, atom::join_v,
                             describe(any<node_id>()), healthy_node(),
                             any<boot_id>(), inventory{});
  run_until_idle();
  REQUIRE(net->probes.size() == 1);

  net->probes[0].done("127.0.0.1:7002: another process answers there");
  run_until_idle();

  CHECK(describe_domain().nodes == 0);
  asked.receive([](const welcome&) { FAIL("joined"); },
                [](const caf::error& x) {
                  CHECK(x == ec::unreachable);
                  CHECK(explain(x)
                        == "the announced address http://node:7002 does not "
                           "lead to this node (127.0.0.1:7002: another process "
                           "answers there): set invocation_url_announced to "
                           "one that does");
                });
}

TEST_CASE_FIXTURE(orchestrator_fixture,
                  "membership: a node whose description is too large for a "
                  "message is refused") {
  auto x = describe(any<node_id>());
  x.capabilities.labels.assign(1000, std::string(100, 'x'));

  auto done = ask<welcome>(subject, atom::join_v, x, healthy_node(),
                           any<boot_id>(), inventory{});

  REQUIRE(!done);
  CHECK(done.error() == ec::bad_input);
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "membership: another process replaces a silent node of the same id") {
  auto id = any<node_id>();
  auto silent = spawn_double<node_actor>([](atom::tick) { /* nop */ });
  auto first = join(id, silent, any<boot_id>());
  auto recorder = any<node_id>();
  REQUIRE(join(recorder, healthy_node(), any<boot_id>()));

  auto request
    = self->request(subject, caf::infinite, atom::join_v, describe(id),
                    healthy_node(), any<boot_id>(), inventory{});
  run_for(keep_alive_interval);
  welcome answer;
  request.receive([&](const welcome& x) { answer = x; },
                  [](const caf::error& x) { FAIL(explain(x)); });

  CHECK(answer.session);
  REQUIRE(!fenced.empty());
  CHECK(fenced[0] == first->session);
  CHECK(describe_domain().nodes == 2);
}

TEST_CASE_FIXTURE(orchestrator_fixture,
                  "membership: a process that joins twice in place of a silent "
                  "node is one member") {
  auto id = any<node_id>();
  auto boot = any<boot_id>();
  REQUIRE(join(id, spawn_double<node_actor>([](atom::tick) { /* nop */ }),
               any<boot_id>()));
  auto stale = healthy_node();
  self->send(subject, atom::join_v, describe(id), stale, boot, inventory{});
  run_until_idle();
  self->send(subject, atom::join_v, describe(id), healthy_node(), boot,
             inventory{});

  run_for(keep_alive_interval);
  caf::anon_send_exit(stale, caf::exit_reason::kill);
  run_for(keep_alive_interval);

  CHECK(describe_domain().nodes <= 1);
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "membership: messages of a lost session are refused and counted") {
  auto node = healthy_node();
  auto x = join(any<node_id>(), node, any<boot_id>());
  auto id = any<workflow_id>();
  auto spec = function(id);
  REQUIRE(ask<statuses>(subject, atom::host_v, id, specs{spec}));
  auto old = started.at(0);
  caf::anon_send_exit(node, caf::exit_reason::kill);
  run_until_idle();
  REQUIRE(join(any<node_id>(), healthy_node(), any<boot_id>()));

  tell(subject, atom::exited_v, x->session, spec.id, old, std::string{"late"});
  tell(subject, atom::synced_v, x->session, spec.id, old, std::string{"late"});

  CHECK(counts->refused == 2);
  CHECK(counts->restarts == 0);
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "membership: sessions lost at the same time are fenced together") {
  auto recorder = any<node_id>();
  std::size_t fence_messages = 0;
  REQUIRE(join(recorder,
               spawn_double<node_actor>(
                 [](atom::keep_alive, std::uint64_t) { return node_report{}; },
                 [&](atom::fence, const fenced_sessions& x) {
                   ++fence_messages;
                   for (auto& y : x)
                     fenced.push_back(y.session);
                 }),
               any<boot_id>()));
  std::vector<node_actor> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(healthy_node());
    REQUIRE(join(any<node_id>(), all.back(), any<boot_id>()));
  }

  for (auto& x : all)
    caf::anon_send_exit(x, caf::exit_reason::kill);
  run_until_idle();

  std::set<session_id> different{fenced.begin(), fenced.end()};
  CHECK(different.size() == 100);
  CHECK(fence_messages < 10);
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "membership: a joining node is told of the sessions that have ended") {
  auto gone = healthy_node();
  auto ended = join(any<node_id>(), gone, any<boot_id>());
  REQUIRE(ended);
  caf::anon_send_exit(gone, caf::exit_reason::kill);
  run_until_idle();
  REQUIRE(fenced.empty());

  REQUIRE(join(any<node_id>(), healthy_node(), any<boot_id>()));

  CHECK(fenced == std::vector{ended->session});
}

namespace {

/// A node that delivers the sample set 7 and records what is acknowledged.
struct sampling_fixture : orchestrator_fixture {
  node_actor sampling_node() {
    return spawn_double<node_actor>(
      [this](atom::keep_alive, std::uint64_t acknowledged) {
        polled.push_back(acknowledged);
        node_report x;
        x.samples.number = 7;
        return x;
      });
  }

  std::vector<std::uint64_t> polled;
};

} // namespace

TEST_CASE_FIXTURE(sampling_fixture,
                  "membership: acknowledges samples with the next poll, also "
                  "in a new session of the same process") {
  auto id = any<node_id>();
  auto boot = any<boot_id>();
  auto node = sampling_node();
  REQUIRE(join(id, node, boot));
  run_for(2 * keep_alive_interval);
  REQUIRE(polled.size() >= 2);
  CHECK(polled.front() == 0);
  CHECK(polled.back() == 7);
  polled.clear();

  REQUIRE(join(id, node, boot));
  run_for(keep_alive_interval);

  REQUIRE(!polled.empty());
  CHECK(polled.front() == 7);
}

TEST_CASE_FIXTURE(
  sampling_fixture,
  "membership: a restarted node is polled from its first sample on") {
  auto id = any<node_id>();
  auto node = sampling_node();
  REQUIRE(join(id, node, any<boot_id>()));
  run_for(2 * keep_alive_interval);
  caf::anon_send_exit(node, caf::exit_reason::kill);
  run_until_idle();
  polled.clear();

  REQUIRE(join(id, sampling_node(), any<boot_id>()));
  run_for(keep_alive_interval);

  REQUIRE(!polled.empty());
  CHECK(polled.front() == 0);
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "membership: a component that a rejoining node lacks is placed at once") {
  auto id = any<node_id>();
  auto boot = any<boot_id>();
  auto node = healthy_node();
  REQUIRE(join(id, node, boot));
  auto workflow = any<workflow_id>();
  REQUIRE(
    ask<statuses>(subject, atom::host_v, workflow, specs{function(workflow)}));
  REQUIRE(started.size() == 1);

  REQUIRE(join(id, node, boot));

  CHECK(started.size() == 2);
}
