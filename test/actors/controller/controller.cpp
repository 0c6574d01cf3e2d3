// SPDX-License-Identifier: MIT
#include "actors/controller/controller.hpp"

#include "test/fixtures/actor_fixture.hpp"
#include "test/fixtures/memory_store.hpp"

#include "runtime/base/sha256.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// A controller of one domain, whose orchestrator is a double.
struct controller_fixture : actor_fixture {
  controller_fixture() : net{std::make_shared<scripted_transport>()} {
    start_controller();
  }

  void start_controller(const std::string& domain = "domain-1") {
    controller_options options;
    options.domains = {{domain, "http://" + domain + ":7011"}};
    options.net = net;
    options.store = store;
    options.known = *store->load();
    options.random = random;
    subject = keep(controller_actor{system.spawn(controller, options)});
    run_until_idle();
  }

  /// Kills the controller and starts another one with the same store.
  void restart_controller(const std::string& domain = "domain-1") {
    caf::anon_send_exit(subject, caf::exit_reason::kill);
    run_until_idle();
    start_controller(domain);
  }

  using names = std::vector<std::string>;

  orchestrator_actor feasible_orchestrator() {
    return orchestrator_that([](const std::vector<component_spec>& x) {
      return obstacles{names(x.size()), {}};
    });
  }

  /// The first component can never be hosted.
  orchestrator_actor hopeless_orchestrator() {
    return orchestrator_that([](const std::vector<component_spec>& x) {
      return obstacles{names(x.size(), "no TEE (3 nodes)"), {0}};
    });
  }

  /// A double that answers `why_not` requests with this function.
  template <class F>
  orchestrator_actor orchestrator_that(F why_not) {
    return spawn_double<orchestrator_actor>(
      [](atom::attach, const std::string& id, const controller_link_actor&) {
        domain_description x;
        x.id = id;
        x.attached = true;
        return x;
      },
      [why_not](atom::why_not, const std::vector<component_spec>& x) {
        return why_not(x);
      },
      [this](atom::host, const workflow_id&,
             const std::vector<component_spec>& x) {
        hosted.push_back(x);
        return std::vector<component_status>(x.size());
      },
      [](atom::inspect, const workflow_id&) {
        return std::vector<component_status>(1);
      },
      [this](atom::hosted, const std::vector<workflow_id>& x) {
        named.push_back(x);
      },
      [this](atom::drop, const workflow_id& x) {
        dropped.push_back(x);
        return atom::ok_v;
      });
  }

  void answer_dial(const orchestrator_actor& found) {
    tell(subject, atom::dialled_v, net->dials.back().where,
         caf::actor_cast<caf::strong_actor_ptr>(found), std::string{});
  }

  static workflow_spec one_function(const std::string& module) {
    component_draft x;
    x.name = x.class_id = "f";
    x.function_type = "RUST_WASM";
    x.version = "0.1";
    x.code = sha256(module);
    workflow_spec result;
    result.components.push_back(x);
    return result;
  }

  caf::expected<std::uint64_t> upload(const std::string& module,
                                      std::uint64_t offset = 0,
                                      std::size_t size = 1000) {
    return ask<std::uint64_t>(subject, atom::upload_v,
                              code_part{sha256(module), module.size(), offset,
                                        module.substr(offset, size)});
  }

  caf::expected<workflow_status>
  start(const workflow_id& id, if_infeasible policy = if_infeasible::refuse) {
    return ask<workflow_status>(subject, atom::start_v, id,
                                one_function("module"), policy);
  }

  std::shared_ptr<scripted_transport> net;
  std::shared_ptr<memory_store> store = std::make_shared<memory_store>();
  controller_actor subject;
  std::vector<std::vector<component_spec>> hosted;
  std::vector<std::vector<workflow_id>> named;
  std::vector<workflow_id> dropped;
};

} // namespace

TEST_CASE_FIXTURE(controller_fixture,
                  "controller: dials a domain until it answers") {
  tell(subject, atom::dialled_v, net->dials.back().where,
       caf::strong_actor_ptr{}, std::string{"connection refused"});

  run_for(300ms);

  CHECK(net->dials.size() == 2);
}

TEST_CASE_FIXTURE(controller_fixture,
                  "controller: attaches a domain that answers") {
  answer_dial(feasible_orchestrator());

  CHECK(named == std::vector<std::vector<workflow_id>>{{}});
}

TEST_CASE_FIXTURE(controller_fixture,
                  "controller: dials a domain again after it was lost") {
  auto orchestrator = feasible_orchestrator();
  answer_dial(orchestrator);

  caf::anon_send_exit(orchestrator, caf::exit_reason::kill);
  run_for(300ms);

  CHECK(net->dials.size() == 2);
}

TEST_CASE_FIXTURE(
  controller_fixture,
  "controller: hosts a workflow with component ids that it has drawn") {
  answer_dial(feasible_orchestrator());
  REQUIRE(upload("module"));

  auto status = start(any<workflow_id>());

  REQUIRE(status);
  CHECK(status->domain == "domain-1");
  REQUIRE(hosted.size() == 1);
  CHECK(hosted[0][0].id);
  CHECK(hosted[0][0].code == sha256("module"));
}

TEST_CASE_FIXTURE(
  controller_fixture,
  "controller: names and hosts the workflows of a domain that comes back") {
  auto orchestrator = feasible_orchestrator();
  answer_dial(orchestrator);
  REQUIRE(upload("module"));
  auto id = any<workflow_id>();
  REQUIRE(start(id));
  caf::anon_send_exit(orchestrator, caf::exit_reason::kill);
  run_for(300ms);

  answer_dial(feasible_orchestrator());

  CHECK(named.back() == std::vector{id});
  REQUIRE(hosted.size() == 2);
  CHECK(hosted[1] == hosted[0]);
}

TEST_CASE_FIXTURE(controller_fixture,
                  "controller: does not host a workflow that was stopped while "
                  "its domain was away") {
  auto orchestrator = feasible_orchestrator();
  answer_dial(orchestrator);
  REQUIRE(upload("module"));
  auto id = any<workflow_id>();
  REQUIRE(start(id));
  caf::anon_send_exit(orchestrator, caf::exit_reason::kill);
  run_for(300ms);
  REQUIRE(ask<atom::ok>(subject, atom::stop_v, id));

  answer_dial(feasible_orchestrator());

  CHECK(named.back().empty());
  CHECK(hosted.size() == 1);
}

TEST_CASE_FIXTURE(controller_fixture,
                  "controller: places pending workflows when a node joins") {
  auto feasible = false;
  auto asked = 0;
  answer_dial(orchestrator_that([&](const std::vector<component_spec>& x) {
    ++asked;
    return obstacles{names(x.size(), feasible ? "" : "no"), {}};
  }));
  upload("module");
  REQUIRE(start(any<workflow_id>()));
  REQUIRE(hosted.empty());
  feasible = true;

  tell(subject, atom::joined_v, std::string{"domain-1"});

  CHECK(asked == 2);
  CHECK(hosted.size() == 1);
}

TEST_CASE_FIXTURE(
  controller_fixture,
  "controller: a node that joins during a placement triggers another one") {
  auto asked = 0;
  answer_dial(orchestrator_that([&](const std::vector<component_spec>& x) {
    // A node joins while the first placement is under way.
    if (++asked == 1)
      caf::anon_send(subject, atom::joined_v, std::string{"domain-1"});
    return obstacles{names(x.size(), asked == 1 ? "no" : ""), {}};
  }));
  upload("module");

  REQUIRE(start(any<workflow_id>()));

  CHECK(asked == 2);
  CHECK(hosted.size() == 1);
}

TEST_CASE_FIXTURE(controller_fixture,
                  "controller: ignores a node that joins an unknown domain") {
  answer_dial(feasible_orchestrator());

  tell(subject, atom::joined_v, std::string{"domain-2"});

  CHECK(ask<std::vector<workflow_id>>(subject, atom::list_v)->empty());
}

TEST_CASE_FIXTURE(controller_fixture,
                  "controller: drops a stopped workflow from its domain") {
  answer_dial(feasible_orchestrator());
  REQUIRE(upload("module"));
  auto id = any<workflow_id>();
  REQUIRE(start(id));

  REQUIRE(ask<atom::ok>(subject, atom::stop_v, id));

  CHECK(dropped == std::vector{id});
  CHECK(ask<std::vector<workflow_id>>(subject, atom::list_v)->empty());
}

TEST_CASE_FIXTURE(controller_fixture,
                  "controller: an unknown workflow is an error") {
  auto stopped = ask<atom::ok>(subject, atom::stop_v, any<workflow_id>());
  auto seen
    = ask<workflow_status>(subject, atom::inspect_v, any<workflow_id>());

  REQUIRE(!stopped);
  CHECK(stopped.error() == ec::unknown_workflow);
  REQUIRE(!seen);
  CHECK(seen.error() == ec::unknown_workflow);
}

TEST_CASE_FIXTURE(controller_fixture,
                  "controller: refuses a workflow without an id") {
  REQUIRE(upload("module"));

  auto status = start({});

  REQUIRE(!status);
  CHECK(status.error() == ec::bad_input);
}

TEST_CASE_FIXTURE(
  controller_fixture,
  "controller: an upload continues at the offset where it stopped") {
  CHECK(upload("module", 0, 3) == std::uint64_t{3});
  CHECK(upload("module", 0, 3) == std::uint64_t{3});
  CHECK(upload("module", 3) == std::uint64_t{6});

  auto part = ask<code_part>(subject, atom::fetch_v, sha256("module"),
                             std::uint64_t{2});

  REQUIRE(part);
  CHECK(part->bytes == "dule");
}

TEST_CASE_FIXTURE(controller_fixture,
                  "controller: refuses to serve an incomplete module") {
  REQUIRE(upload("module", 0, 3));

  auto part = ask<code_part>(subject, atom::fetch_v, sha256("module"),
                             std::uint64_t{0});

  REQUIRE(!part);
  CHECK(part.error() == ec::unknown_code);
}

TEST_CASE_FIXTURE(
  controller_fixture,
  "controller: a pending workflow reports that its domain is unreachable") {
  REQUIRE(upload("module"));

  auto status = start(any<workflow_id>());

  REQUIRE(status);
  CHECK(status->domain.empty());
  CHECK(status->reasons
        == std::vector<std::string>{
          "domain domain-1: its orchestrator cannot be reached"});
}

TEST_CASE_FIXTURE(controller_fixture,
                  "controller: refuses a workflow that no node can ever host") {
  answer_dial(hopeless_orchestrator());
  REQUIRE(upload("module"));

  auto status = start(any<workflow_id>());

  REQUIRE(!status);
  CHECK(status.error() == ec::no_feasible_domain);
  CHECK(explain(status.error()) == "f: no TEE (3 nodes)");
  CHECK(ask<std::vector<workflow_id>>(subject, atom::list_v)->empty());
  CHECK(store->all.empty());
}

TEST_CASE_FIXTURE(controller_fixture,
                  "controller: a client may wait for a node that can host its "
                  "workflow") {
  answer_dial(hopeless_orchestrator());
  REQUIRE(upload("module"));

  auto status = start(any<workflow_id>(), if_infeasible::wait);
  tell(subject, atom::joined_v, std::string{"domain-1"});

  REQUIRE(status);
  CHECK(status->reasons == names{"domain domain-1: no TEE (3 nodes)"});
  CHECK(ask<std::vector<workflow_id>>(subject, atom::list_v)->size() == 1);
}

// -- persistence --------------------------------------------------------------

TEST_CASE_FIXTURE(
  controller_fixture,
  "controller store: a workflow is hosted again after a restart") {
  answer_dial(feasible_orchestrator());
  REQUIRE(upload("module"));
  auto id = any<workflow_id>();
  REQUIRE(start(id));

  restart_controller();
  answer_dial(feasible_orchestrator());

  CHECK(named.back() == std::vector{id});
  REQUIRE(hosted.size() == 2);
  CHECK(hosted[1] == hosted[0]);
  auto again = start(id);
  REQUIRE(again);
  CHECK(again->domain == "domain-1");
}

TEST_CASE_FIXTURE(
  controller_fixture,
  "controller store: a workflow that cannot be saved is not hosted") {
  answer_dial(feasible_orchestrator());
  REQUIRE(upload("module"));
  for (int write = 1; write <= 2; ++write) { // the module, the workflow
    store->fail_at = store->writes + write;

    auto status = start(any<workflow_id>());

    REQUIRE(!status);
    CHECK(explain(status.error()) == "the disk is full");
    CHECK(hosted.empty());
    CHECK(ask<std::vector<workflow_id>>(subject, atom::list_v)->empty());
  }
}

TEST_CASE_FIXTURE(
  controller_fixture,
  "controller store: a stop that cannot be saved stops nothing") {
  answer_dial(feasible_orchestrator());
  REQUIRE(upload("module"));
  auto id = any<workflow_id>();
  REQUIRE(start(id));
  store->fail_at = store->writes + 1;

  auto stopped = ask<atom::ok>(subject, atom::stop_v, id);

  REQUIRE(!stopped);
  CHECK(explain(stopped.error()) == "the disk is full");
  CHECK(dropped.empty());
  CHECK(ask<std::vector<workflow_id>>(subject, atom::list_v)->size() == 1);
}

TEST_CASE_FIXTURE(
  controller_fixture,
  "controller store: a stopped workflow stays stopped after a restart") {
  answer_dial(feasible_orchestrator());
  REQUIRE(upload("module"));
  auto id = any<workflow_id>();
  REQUIRE(start(id));
  REQUIRE(ask<atom::ok>(subject, atom::stop_v, id));

  restart_controller();
  answer_dial(feasible_orchestrator());
  auto again = start(id);

  CHECK(named.back().empty());
  CHECK(hosted.size() == 1);
  REQUIRE(!again);
  CHECK(again.error() == ec::duplicate);
}

TEST_CASE_FIXTURE(
  controller_fixture,
  "controller store: a workflow id keeps its content after a restart") {
  REQUIRE(upload("module"));
  REQUIRE(upload("another"));
  auto id = any<workflow_id>();
  REQUIRE(start(id));

  restart_controller();
  auto other = ask<workflow_status>(
    subject, atom::start_v, id, one_function("another"), if_infeasible::refuse);

  REQUIRE(!other);
  CHECK(other.error() == ec::duplicate);
}

TEST_CASE_FIXTURE(
  controller_fixture,
  "controller store: a module of a saved workflow survives a restart") {
  REQUIRE(upload("module"));
  REQUIRE(upload("another"));
  REQUIRE(start(any<workflow_id>()));

  restart_controller();
  auto part = ask<code_part>(subject, atom::fetch_v, sha256("module"),
                             std::uint64_t{0});
  auto other = ask<code_part>(subject, atom::fetch_v, sha256("another"),
                              std::uint64_t{0});

  REQUIRE(part);
  CHECK(part->bytes == "module");
  CHECK(!other);
}

TEST_CASE_FIXTURE(controller_fixture, "controller store: a domain that is no "
                                      "longer configured loses its workflows") {
  answer_dial(feasible_orchestrator());
  REQUIRE(upload("module"));
  REQUIRE(start(any<workflow_id>()));

  restart_controller("domain-2");
  answer_dial(feasible_orchestrator());
  run_for(2s);

  REQUIRE(hosted.size() == 2);
  CHECK(hosted[1] == hosted[0]);
  CHECK(store->all.at(0).domain == "domain-2");
}
