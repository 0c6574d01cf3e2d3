// SPDX-License-Identifier: MIT
#include "actors/orchestrator/orchestrator.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include "runtime/base/sha256.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

constexpr auto keep_alive_interval = 2s;

/// An orchestrator; nodes and controller are doubles.
struct orchestrator_fixture : actor_fixture {
  orchestrator_fixture() {
    orchestrator_options options;
    options.domain_id = "domain-1";
    options.keep_alive_interval = keep_alive_interval;
    options.random = random;
    options.counts = counts;
    subject = keep(orchestrator_actor{system.spawn(orchestrator, options)});
    // Without workflows that could run already, recovery ends at once.
    tell(subject, atom::hosted_v, std::vector<workflow_id>{});
  }

  ~orchestrator_fixture() {
    tell(subject, atom::stop_v);
  }

  static node_description describe(const node_id& id) {
    node_description x;
    x.id = id;
    x.invocation_url = "http://node:7002";
    x.capabilities.num_cpus = x.capabilities.num_cores = 1;
    x.capabilities.runtimes = {"RUST_WASM"};
    return x;
  }

  /// A node that answers keep-alives and starts everything.
  node_actor healthy_node() {
    return pose<node_actor>(
      [](atom::keep_alive, std::uint64_t) { return node_report{}; },
      [this](atom::start, const physical_id& x, const component_spec&,
             const output_map&, const std::string&) {
        started.push_back(x);
        return atom::ok_v;
      },
      [this](atom::fence, const fenced_sessions& all) {
        for (auto& x : all)
          fenced.push_back(x.session);
      });
  }

  caf::expected<welcome> join(const node_id& id, const node_actor& handle,
                              const boot_id& boot, inventory brought = {}) {
    return ask<welcome>(subject, atom::join_v, describe(id), handle, boot,
                        std::move(brought));
  }

  domain_description look() {
    return *ask<domain_description>(subject, atom::describe_v);
  }

  component_spec function(const workflow_id& workflow) {
    component_spec x;
    x.id = any<logical_id>();
    x.workflow = workflow;
    x.name = "f";
    x.class_id = "f";
    x.function_type = "RUST_WASM";
    return x;
  }

  using specs = std::vector<component_spec>;
  using statuses = std::vector<component_status>;

  std::shared_ptr<domain_counters> counts = std::make_shared<domain_counters>();
  orchestrator_actor subject;
  std::vector<physical_id> started;
  std::vector<session_id> fenced;
};

} // namespace

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "membership: a joining node gets a session and the keep-alive interval") {
  auto x = join(any<node_id>(), healthy_node(), any<boot_id>());

  REQUIRE(x);
  CHECK(x->session);
  CHECK(x->keep_alive_ms == 2000);
  CHECK(look().nodes == 1);
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
  CHECK(look().nodes == 1);
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
  "membership: another process replaces a silent node of the same id") {
  auto id = any<node_id>();
  auto silent = pose<node_actor>([](atom::tick) { /* nop */ });
  auto first = join(id, silent, any<boot_id>());
  auto recorder = any<node_id>();
  REQUIRE(join(recorder, healthy_node(), any<boot_id>()));

  auto request
    = self->request(subject, caf::infinite, atom::join_v, describe(id),
                    healthy_node(), any<boot_id>(), inventory{});
  pass(keep_alive_interval);
  welcome answer;
  request.receive([&](const welcome& x) { answer = x; },
                  [](const caf::error& x) { FAIL(explain(x)); });

  CHECK(answer.session);
  REQUIRE(!fenced.empty());
  CHECK(fenced[0] == first->session);
  CHECK(look().nodes == 2);
}

TEST_CASE_FIXTURE(orchestrator_fixture,
                  "membership: a process that joins twice in place of a silent node is one member") {
  auto id = any<node_id>();
  auto boot = any<boot_id>();
  REQUIRE(
    join(id, pose<node_actor>([](atom::tick) { /* nop */ }), any<boot_id>()));
  auto stale = healthy_node();
  self->send(subject, atom::join_v, describe(id), stale, boot, inventory{});
  settle();
  self->send(subject, atom::join_v, describe(id), healthy_node(), boot,
             inventory{});

  pass(keep_alive_interval);
  caf::anon_send_exit(stale, caf::exit_reason::kill);
  pass(keep_alive_interval);

  CHECK(look().nodes <= 1);
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
  settle();
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
               pose<node_actor>(
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
  settle();

  std::set<session_id> different{fenced.begin(), fenced.end()};
  CHECK(different.size() == 100);
  CHECK(fence_messages < 10);
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "orchestrator: tells its controller of each node that joins") {
  std::vector<std::string> joined;
  REQUIRE(ask<domain_description>(
    subject, atom::attach_v, std::string{"domain-1"},
    pose<controller_link_actor>(
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
  auto node = pose<node_actor>(
    [found](atom::keep_alive, std::uint64_t) {
      return node_report{{}, digest(found.instance), {}};
    },
    [found](atom::running) { return inventory{found}; },
    [&](atom::stop, const physical_id& x) { stopped.push_back(x); });

  auto x = join(any<node_id>(), node, any<boot_id>(), {found});
  pass(1min);

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
  auto hanging = pose<node_actor>(
    [](atom::keep_alive, std::uint64_t) { return node_report{}; });
  REQUIRE(join(any<node_id>(), hanging, any<boot_id>()));
  auto id = any<workflow_id>();
  auto request = self->request(subject, caf::infinite, atom::host_v, id,
                               specs{function(id)});

  pass(limits::host);

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
                              pose<controller_link_actor>());

  REQUIRE(!x);
  CHECK(explain(x.error()) == "this is domain domain-1, not domain-2");
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "module source: a module is fetched once from the controller and kept") {
  std::string module = "some code";
  auto id = sha256(module);
  auto asked = 0;
  auto source = pose<controller_link_actor>(
    [&](atom::fetch, const code_id&, std::uint64_t offset) {
      ++asked;
      return code_part{id, module.size(), offset, module.substr(offset)};
    });
  REQUIRE(ask<domain_description>(subject, atom::attach_v,
                                  std::string{"domain-1"}, source));

  auto first = ask<code_part>(subject, atom::fetch_v, id, std::uint64_t{0});
  auto again = ask<code_part>(subject, atom::fetch_v, id, std::uint64_t{5});

  REQUIRE(first);
  CHECK(first->bytes == module);
  REQUIRE(again);
  CHECK(again->bytes == "code");
  CHECK(asked == 1);
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "module source: a module that does not match its hash is refused") {
  auto id = sha256("some code");
  auto source = pose<controller_link_actor>(
    [&](atom::fetch, const code_id&, std::uint64_t) {
      return code_part{id, 3, 0, "bad"};
    });
  REQUIRE(ask<domain_description>(subject, atom::attach_v,
                                  std::string{"domain-1"}, source));

  auto x = ask<code_part>(subject, atom::fetch_v, id, std::uint64_t{0});

  REQUIRE(!x);
  CHECK(x.error() == ec::bad_input);
}

TEST_CASE_FIXTURE(
  orchestrator_fixture,
  "module source: without a controller an unknown module is an error") {
  auto x
    = ask<code_part>(subject, atom::fetch_v, sha256("x"), std::uint64_t{0});

  REQUIRE(!x);
  CHECK(x.error() == ec::unknown_code);
}
