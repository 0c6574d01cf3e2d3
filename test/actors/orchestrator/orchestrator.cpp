// SPDX-License-Identifier: MIT
#include "actors/orchestrator/orchestrator.hpp"

#include "test/fixtures/actor_fixture.hpp"

#include "runtime/base/sha256.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

constexpr auto period = 2s;

/// An orchestrator alone; nodes and controller are doubles.
struct domain : actor_fixture {
  domain() {
    orchestrator_options options;
    options.domain_id = "home";
    options.keep_alive_interval = period;
    options.random = random;
    options.counts = counts;
    boss = keep(orchestrator_actor{system.spawn(orchestrator, options)});
    // Its controller knows of nothing that could run already.
    tell(boss, atom::hosted_v, std::vector<workflow_id>{});
  }

  ~domain() {
    tell(boss, atom::stop_v);
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
  node_actor sound_node() {
    return spawn_double<node_actor>(
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
    return ask<welcome>(boss, atom::join_v, describe(id), handle, boot,
                        std::move(brought));
  }

  domain_description status_of() {
    return *ask<domain_description>(boss, atom::describe_v);
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
  orchestrator_actor boss;
  std::vector<physical_id> started;
  std::vector<session_id> fenced;
};

} // namespace

TEST_CASE_FIXTURE(domain, "a node that joins is given a session and the pace") {
  auto x = join(any<node_id>(), sound_node(), any<boot_id>());

  REQUIRE(x);
  CHECK(x->session);
  CHECK(x->keep_alive_ms == 2000);
  CHECK(status_of().nodes == 1);
}

TEST_CASE_FIXTURE(domain, "a node without an id is refused") {
  auto x = join({}, sound_node(), any<boot_id>());

  REQUIRE(!x);
  CHECK(x.error() == ec::bad_input);
}

TEST_CASE_FIXTURE(domain, "the same process may join again") {
  auto id = any<node_id>();
  auto boot = any<boot_id>();
  auto first = join(id, sound_node(), boot);

  auto second = join(id, sound_node(), boot);

  REQUIRE(second);
  CHECK(first->session != second->session);
  CHECK(status_of().nodes == 1);
}

TEST_CASE_FIXTURE(domain,
                  "another process is refused while the first answers") {
  auto id = any<node_id>();
  REQUIRE(join(id, sound_node(), any<boot_id>()));

  auto x = join(id, sound_node(), any<boot_id>());

  REQUIRE(!x);
  CHECK(x.error() == ec::duplicate);
  CHECK(explain(x.error()) == "node_id already in use by http://node:7002");
}

TEST_CASE_FIXTURE(domain, "another process wins when the first is silent") {
  auto id = any<node_id>();
  auto silent = spawn_double<node_actor>([](atom::tick) { /* nop */ });
  auto first = join(id, silent, any<boot_id>());
  auto recorder = any<node_id>();
  REQUIRE(join(recorder, sound_node(), any<boot_id>()));

  auto request = self->request(boss, caf::infinite, atom::join_v, describe(id),
                               sound_node(), any<boot_id>(), inventory{});
  run_for(period);
  welcome answer;
  request.receive([&](const welcome& x) { answer = x; },
                  [](const caf::error& x) { FAIL(explain(x)); });

  CHECK(answer.session);
  REQUIRE(!fenced.empty());
  CHECK(fenced[0] == first->session);
  CHECK(status_of().nodes == 2);
}

TEST_CASE_FIXTURE(domain, "a newcomer who asks twice joins once") {
  auto id = any<node_id>();
  auto boot = any<boot_id>();
  REQUIRE(
    join(id, spawn_double<node_actor>([](atom::tick) { /* nop */ }), any<boot_id>()));
  auto stale = sound_node();
  self->send(boss, atom::join_v, describe(id), stale, boot, inventory{});
  run_until_idle();
  self->send(boss, atom::join_v, describe(id), sound_node(), boot, inventory{});

  run_for(period);
  caf::anon_send_exit(stale, caf::exit_reason::kill);
  run_for(period);

  CHECK(status_of().nodes <= 1);
}

TEST_CASE_FIXTURE(domain, "what is said in a lost session counts as refused") {
  auto node = sound_node();
  auto x = join(any<node_id>(), node, any<boot_id>());
  auto id = any<workflow_id>();
  auto spec = function(id);
  REQUIRE(ask<statuses>(boss, atom::host_v, id, specs{spec}));
  auto old = started.at(0);
  caf::anon_send_exit(node, caf::exit_reason::kill);
  run_until_idle();
  REQUIRE(join(any<node_id>(), sound_node(), any<boot_id>()));

  tell(boss, atom::exited_v, x->session, spec.id, old, std::string{"late"});
  tell(boss, atom::synced_v, x->session, spec.id, old, std::string{"late"});

  CHECK(counts->refused == 2);
  CHECK(counts->restarts == 0);
}

TEST_CASE_FIXTURE(domain, "many that are lost at once are fenced together") {
  auto recorder = any<node_id>();
  std::size_t told = 0;
  REQUIRE(join(recorder,
               spawn_double<node_actor>(
                 [](atom::keep_alive, std::uint64_t) { return node_report{}; },
                 [&](atom::fence, const fenced_sessions& x) {
                   ++told;
                   for (auto& y : x)
                     fenced.push_back(y.session);
                 }),
               any<boot_id>()));
  std::vector<node_actor> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(sound_node());
    REQUIRE(join(any<node_id>(), all.back(), any<boot_id>()));
  }

  for (auto& x : all)
    caf::anon_send_exit(x, caf::exit_reason::kill);
  run_until_idle();

  std::set<session_id> different{fenced.begin(), fenced.end()};
  CHECK(different.size() == 100);
  CHECK(told < 10);
}

TEST_CASE_FIXTURE(domain, "its controller hears of each node that joins") {
  std::vector<std::string> heard;
  REQUIRE(ask<domain_description>(
    boss, atom::attach_v, std::string{"home"},
    spawn_double<controller_link_actor>(
      [&](atom::joined, const std::string& x) { heard.push_back(x); })));

  REQUIRE(join(any<node_id>(), sound_node(), any<boot_id>()));

  CHECK(heard == std::vector<std::string>{"home"});
}

TEST_CASE_FIXTURE(domain, "what a node brings that nobody wants is stopped") {
  inventory_record stray;
  stray.component = any<logical_id>();
  stray.instance = any<physical_id>();

  auto x = join(any<node_id>(), sound_node(), any<boot_id>(), {stray});

  REQUIRE(x);
  CHECK(x->stop == std::vector{stray.instance});
}

TEST_CASE_FIXTURE(domain,
                  "until the controller has spoken, all may be wanted") {
  tell(boss, atom::stop_v);
  orchestrator_options options;
  options.domain_id = "home";
  options.random = random;
  boss = keep(orchestrator_actor{system.spawn(orchestrator, options)});
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
  tell(boss, atom::hosted_v, std::vector<workflow_id>{});
  CHECK(stopped == std::vector{found.instance});
}

TEST_CASE_FIXTURE(domain, "a workflow is hosted once") {
  REQUIRE(join(any<node_id>(), sound_node(), any<boot_id>()));
  auto id = any<workflow_id>();
  specs all{function(id)};

  auto first = ask<statuses>(boss, atom::host_v, id, all);
  auto again = ask<statuses>(boss, atom::host_v, id, all);

  REQUIRE(first);
  REQUIRE(again);
  CHECK(again->at(0).instance == first->at(0).instance);
  CHECK(started.size() == 1);
}

TEST_CASE_FIXTURE(domain, "hosting answers although nothing can start") {
  auto id = any<workflow_id>();

  auto done = ask<statuses>(boss, atom::host_v, id, specs{function(id)});

  REQUIRE(done);
  CHECK(done->at(0).phase == component_phase::pending);
  CHECK(done->at(0).reason == "no node has joined the domain");
}

TEST_CASE_FIXTURE(domain, "hosting answers in time although a start hangs") {
  auto hanging = spawn_double<node_actor>(
    [](atom::keep_alive, std::uint64_t) { return node_report{}; });
  REQUIRE(join(any<node_id>(), hanging, any<boot_id>()));
  auto id = any<workflow_id>();
  auto request
    = self->request(boss, caf::infinite, atom::host_v, id, specs{function(id)});

  run_for(limits::host);

  CHECK(!self->mailbox().empty());
  request.receive([](const statuses& x) { CHECK(x.size() == 1); },
                  [](const caf::error& x) { FAIL(explain(x)); });
}

TEST_CASE_FIXTURE(domain, "what the controller does not name is dropped") {
  auto kept = any<workflow_id>();
  auto gone = any<workflow_id>();
  REQUIRE(ask<statuses>(boss, atom::host_v, kept, specs{function(kept)}));
  REQUIRE(ask<statuses>(boss, atom::host_v, gone, specs{function(gone)}));

  tell(boss, atom::hosted_v, std::vector{kept});

  CHECK(ask<statuses>(boss, atom::inspect_v, kept));
  auto missing = ask<statuses>(boss, atom::inspect_v, gone);
  REQUIRE(!missing);
  CHECK(missing.error() == ec::unknown_workflow);
}

TEST_CASE_FIXTURE(domain, "dropping what nobody knows does no harm") {
  CHECK(ask<atom::ok>(boss, atom::drop_v, any<workflow_id>()));
}

TEST_CASE_FIXTURE(domain, "a controller that means another domain is refused") {
  auto x = ask<domain_description>(boss, atom::attach_v, std::string{"away"},
                                   spawn_double<controller_link_actor>());

  REQUIRE(!x);
  CHECK(explain(x.error()) == "this is domain home, not away");
}

TEST_CASE_FIXTURE(domain, "a module is fetched once and kept") {
  std::string module = "some code";
  auto id = sha256(module);
  auto asked = 0;
  auto library = spawn_double<controller_link_actor>(
    [&](atom::fetch, const code_id&, std::uint64_t offset) {
      ++asked;
      return code_part{id, module.size(), offset, module.substr(offset)};
    });
  REQUIRE(ask<domain_description>(boss, atom::attach_v, std::string{"home"},
                                  library));

  auto first = ask<code_part>(boss, atom::fetch_v, id, std::uint64_t{0});
  auto again = ask<code_part>(boss, atom::fetch_v, id, std::uint64_t{5});

  REQUIRE(first);
  CHECK(first->bytes == module);
  REQUIRE(again);
  CHECK(again->bytes == "code");
  CHECK(asked == 1);
}

TEST_CASE_FIXTURE(domain, "a module that arrives damaged is refused") {
  auto id = sha256("some code");
  auto library = spawn_double<controller_link_actor>(
    [&](atom::fetch, const code_id&, std::uint64_t) {
      return code_part{id, 3, 0, "bad"};
    });
  REQUIRE(ask<domain_description>(boss, atom::attach_v, std::string{"home"},
                                  library));

  auto x = ask<code_part>(boss, atom::fetch_v, id, std::uint64_t{0});

  REQUIRE(!x);
  CHECK(x.error() == ec::bad_input);
}

TEST_CASE_FIXTURE(domain,
                  "without a controller, an unknown module is an error") {
  auto x = ask<code_part>(boss, atom::fetch_v, sha256("x"), std::uint64_t{0});

  REQUIRE(!x);
  CHECK(x.error() == ec::unknown_code);
}
