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
struct office : actor_fixture {
  office() : net{std::make_shared<scripted_transport>()} {
    open();
  }

  void open(const std::string& domain = "home") {
    controller_options options;
    options.domains = {{domain, "http://" + domain + ":7011"}};
    options.net = net;
    options.store = store;
    options.known = *store->load();
    options.random = random;
    clerk = keep(controller_actor{system.spawn(controller, options)});
    run_until_idle();
  }

  /// The process dies, and is started again.
  void reopen(const std::string& domain = "home") {
    caf::anon_send_exit(clerk, caf::exit_reason::kill);
    run_until_idle();
    open(domain);
  }

  using names = std::vector<std::string>;

  orchestrator_actor sound_orchestrator() {
    return orchestrator_that(
      [](const std::vector<component_spec>& x) { return names(x.size()); });
  }

  /// One that says this of what stands in the way.
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

  void found(const orchestrator_actor& whom) {
    tell(clerk, atom::dialled_v, net->dials.back().where,
         caf::actor_cast<caf::strong_actor_ptr>(whom), std::string{});
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
    return ask<std::uint64_t>(clerk, atom::upload_v,
                              code_part{sha256(module), module.size(), offset,
                                        module.substr(offset, size)});
  }

  caf::expected<workflow_status> start(const workflow_id& id) {
    return ask<workflow_status>(clerk, atom::start_v, id,
                                one_function("module"));
  }

  std::shared_ptr<scripted_transport> net;
  std::shared_ptr<memory_store> store = std::make_shared<memory_store>();
  controller_actor clerk;
  std::vector<std::vector<component_spec>> hosted;
  std::vector<std::vector<workflow_id>> named;
  std::vector<workflow_id> dropped;
};

} // namespace

TEST_CASE_FIXTURE(office, "it dials its domains until they answer") {
  tell(clerk, atom::dialled_v, net->dials.back().where, caf::strong_actor_ptr{},
       std::string{"connection refused"});

  run_for(300ms);

  CHECK(net->dials.size() == 2);
}

TEST_CASE_FIXTURE(office, "a domain that answers is attached") {
  found(sound_orchestrator());

  CHECK(named == std::vector<std::vector<workflow_id>>{{}});
}

TEST_CASE_FIXTURE(office, "a domain that goes is dialled again") {
  auto there = sound_orchestrator();
  found(there);

  caf::anon_send_exit(there, caf::exit_reason::kill);
  run_for(300ms);

  CHECK(net->dials.size() == 2);
}

TEST_CASE_FIXTURE(office, "a workflow is hosted with ids of its own") {
  found(sound_orchestrator());
  REQUIRE(upload("module"));

  auto status = start(any<workflow_id>());

  REQUIRE(status);
  CHECK(status->domain == "home");
  REQUIRE(hosted.size() == 1);
  CHECK(hosted[0][0].id);
  CHECK(hosted[0][0].code == sha256("module"));
}

TEST_CASE_FIXTURE(office, "a domain that comes back is told what is its") {
  auto there = sound_orchestrator();
  found(there);
  REQUIRE(upload("module"));
  auto id = any<workflow_id>();
  REQUIRE(start(id));
  caf::anon_send_exit(there, caf::exit_reason::kill);
  run_for(300ms);

  found(sound_orchestrator());

  CHECK(named.back() == std::vector{id});
  REQUIRE(hosted.size() == 2);
  CHECK(hosted[1] == hosted[0]);
}

TEST_CASE_FIXTURE(office, "what was stopped meanwhile is not hosted again") {
  auto there = sound_orchestrator();
  found(there);
  REQUIRE(upload("module"));
  auto id = any<workflow_id>();
  REQUIRE(start(id));
  caf::anon_send_exit(there, caf::exit_reason::kill);
  run_for(300ms);
  REQUIRE(ask<atom::ok>(clerk, atom::stop_v, id));

  found(sound_orchestrator());

  CHECK(named.back().empty());
  CHECK(hosted.size() == 1);
}

TEST_CASE_FIXTURE(office, "what is pending is tried again when a node joins") {
  auto feasible = false;
  auto asked = 0;
  found(orchestrator_that([&](const std::vector<component_spec>& x) {
    ++asked;
    return std::vector<std::string>(x.size(), feasible ? "" : "no");
  }));
  upload("module");
  REQUIRE(start(any<workflow_id>()));
  REQUIRE(hosted.empty());
  feasible = true;

  tell(clerk, atom::joined_v, std::string{"home"});

  CHECK(asked == 2);
  CHECK(hosted.size() == 1);
}

TEST_CASE_FIXTURE(office, "a node that joins while it asks is not missed") {
  auto asked = 0;
  found(orchestrator_that([&](const std::vector<component_spec>& x) {
    // It joins as soon as this was said.
    if (++asked == 1)
      caf::anon_send(clerk, atom::joined_v, std::string{"home"});
    return std::vector<std::string>(x.size(), asked == 1 ? "no" : "");
  }));
  upload("module");

  REQUIRE(start(any<workflow_id>()));

  CHECK(asked == 2);
  CHECK(hosted.size() == 1);
}

TEST_CASE_FIXTURE(office, "a node of a domain that it does not know is none") {
  found(sound_orchestrator());

  tell(clerk, atom::joined_v, std::string{"elsewhere"});

  CHECK(ask<std::vector<workflow_id>>(clerk, atom::list_v)->empty());
}

TEST_CASE_FIXTURE(office, "a workflow that is stopped is dropped") {
  found(sound_orchestrator());
  REQUIRE(upload("module"));
  auto id = any<workflow_id>();
  REQUIRE(start(id));

  REQUIRE(ask<atom::ok>(clerk, atom::stop_v, id));

  CHECK(dropped == std::vector{id});
  CHECK(ask<std::vector<workflow_id>>(clerk, atom::list_v)->empty());
}

TEST_CASE_FIXTURE(office, "an unknown workflow is an error") {
  auto stopped = ask<atom::ok>(clerk, atom::stop_v, any<workflow_id>());
  auto seen = ask<workflow_status>(clerk, atom::inspect_v, any<workflow_id>());

  REQUIRE(!stopped);
  CHECK(stopped.error() == ec::unknown_workflow);
  REQUIRE(!seen);
  CHECK(seen.error() == ec::unknown_workflow);
}

TEST_CASE_FIXTURE(office, "a workflow needs an id") {
  REQUIRE(upload("module"));

  auto status = start({});

  REQUIRE(!status);
  CHECK(status.error() == ec::bad_input);
}

TEST_CASE_FIXTURE(office, "an upload goes on where it stopped") {
  CHECK(upload("module", 0, 3) == std::uint64_t{3});
  CHECK(upload("module", 0, 3) == std::uint64_t{3});
  CHECK(upload("module", 3) == std::uint64_t{6});

  auto part
    = ask<code_part>(clerk, atom::fetch_v, sha256("module"), std::uint64_t{2});

  REQUIRE(part);
  CHECK(part->bytes == "dule");
}

TEST_CASE_FIXTURE(office, "a module that is not whole cannot be fetched") {
  REQUIRE(upload("module", 0, 3));

  auto part
    = ask<code_part>(clerk, atom::fetch_v, sha256("module"), std::uint64_t{0});

  REQUIRE(!part);
  CHECK(part.error() == ec::unknown_code);
}

TEST_CASE_FIXTURE(office, "a pending workflow says that its domain is away") {
  REQUIRE(upload("module"));

  auto status = start(any<workflow_id>());

  REQUIRE(status);
  CHECK(status->domain.empty());
  CHECK(status->reasons
        == std::vector<std::string>{
          "domain home: its orchestrator cannot be reached"});
}

// -- what it must not forget --------------------------------------------------

TEST_CASE_FIXTURE(office, "what was accepted is hosted again after its death") {
  found(sound_orchestrator());
  REQUIRE(upload("module"));
  auto id = any<workflow_id>();
  REQUIRE(start(id));

  reopen();
  found(sound_orchestrator());

  CHECK(named.back() == std::vector{id});
  REQUIRE(hosted.size() == 2);
  CHECK(hosted[1] == hosted[0]);
  auto again = start(id);
  REQUIRE(again);
  CHECK(again->domain == "home");
}

TEST_CASE_FIXTURE(office, "what could not be saved is not hosted") {
  found(sound_orchestrator());
  REQUIRE(upload("module"));
  for (int write = 1; write <= 2; ++write) { // the module, the workflow
    store->fail_at = store->writes + write;

    auto status = start(any<workflow_id>());

    REQUIRE(!status);
    CHECK(explain(status.error()) == "the disk is full");
    CHECK(hosted.empty());
    CHECK(ask<std::vector<workflow_id>>(clerk, atom::list_v)->empty());
  }
}

TEST_CASE_FIXTURE(office, "a stop that could not be saved stops nothing") {
  found(sound_orchestrator());
  REQUIRE(upload("module"));
  auto id = any<workflow_id>();
  REQUIRE(start(id));
  store->fail_at = store->writes + 1;

  auto stopped = ask<atom::ok>(clerk, atom::stop_v, id);

  REQUIRE(!stopped);
  CHECK(explain(stopped.error()) == "the disk is full");
  CHECK(dropped.empty());
  CHECK(ask<std::vector<workflow_id>>(clerk, atom::list_v)->size() == 1);
}

TEST_CASE_FIXTURE(office, "what was stopped stays stopped") {
  found(sound_orchestrator());
  REQUIRE(upload("module"));
  auto id = any<workflow_id>();
  REQUIRE(start(id));
  REQUIRE(ask<atom::ok>(clerk, atom::stop_v, id));

  reopen();
  found(sound_orchestrator());
  auto again = start(id);

  CHECK(named.back().empty());
  CHECK(hosted.size() == 1);
  REQUIRE(!again);
  CHECK(again.error() == ec::duplicate);
}

TEST_CASE_FIXTURE(office, "after its death an id still has one content") {
  REQUIRE(upload("module"));
  REQUIRE(upload("another"));
  auto id = any<workflow_id>();
  REQUIRE(start(id));

  reopen();
  auto other
    = ask<workflow_status>(clerk, atom::start_v, id, one_function("another"));

  REQUIRE(!other);
  CHECK(other.error() == ec::duplicate);
}

TEST_CASE_FIXTURE(office, "a module outlives it with its workflow") {
  REQUIRE(upload("module"));
  REQUIRE(upload("another"));
  REQUIRE(start(any<workflow_id>()));

  reopen();
  auto part
    = ask<code_part>(clerk, atom::fetch_v, sha256("module"), std::uint64_t{0});
  auto other
    = ask<code_part>(clerk, atom::fetch_v, sha256("another"), std::uint64_t{0});

  REQUIRE(part);
  CHECK(part->bytes == "module");
  CHECK(!other);
}

TEST_CASE_FIXTURE(office,
                  "a domain that is not configured anymore keeps nothing") {
  found(sound_orchestrator());
  REQUIRE(upload("module"));
  REQUIRE(start(any<workflow_id>()));

  reopen("elsewhere");
  found(sound_orchestrator());
  run_for(2s);

  REQUIRE(hosted.size() == 2);
  CHECK(hosted[1] == hosted[0]);
  CHECK(store->all.at(0).domain == "elsewhere");
}
