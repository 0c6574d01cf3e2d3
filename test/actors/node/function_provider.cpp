// SPDX-License-Identifier: MIT
#include "actors/node/function_provider.hpp"

#include "test/fixtures/actor_fixture.hpp"
#include "test/fixtures/scripted_functions.hpp"

#include "runtime/base/sha256.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// A provider between a node that hands out modules when it is told to, and an
/// engine for scripts.
struct workshop : actor_fixture {
  workshop() : engine{std::make_shared<script_engine>(book)} {
    book["sound"] = [](guest_host&, const guest_event&) -> step {
      return {};
    };
    function_context context;
    context.registry = std::make_shared<instance_registry>(any<node_id>());
    context.engine = engine;
    context.where = threads::pool;
    context.node = caf::actor_cast<node_actor>(
      keep(system.spawn([this](caf::event_based_actor* me) -> caf::behavior {
        return {
          [this, me](atom::fetch, const code_id&) {
            ++fetched;
            waiting = me->make_response_promise<std::string>();
            return waiting;
          },
          [this](atom::prepare, const physical_id& id,
                 const instance_actor& x) {
            met.push_back(id);
            keep(x);
          },
          [this](atom::proceed, const std::string& module) {
            waiting.deliver(module);
          },
          [this](atom::drop) {
            waiting.deliver(fail(ec::unknown_code, "nobody has it"));
          },
        };
      })));
    node = caf::actor_cast<caf::actor>(context.node);
    registry = context.registry;
    maker = keep(provider_actor{system.spawn(function_provider, context)});
  }

  auto order(const std::string& module, const physical_id& id) {
    component_spec spec;
    spec.code = sha256(module);
    auto request = self->request(maker, caf::infinite, atom::prepare_v, id,
                                 std::move(spec));
    run_until_idle();
    return request;
  }

  auto start(const std::string& module, const physical_id& id) {
    component_spec spec;
    spec.code = sha256(module);
    auto request = self->request(maker, caf::infinite, atom::start_v, id,
                                 std::move(spec), output_map{}, std::string{});
    run_until_idle();
    return request;
  }

  template <class Request>
  std::string outcome(Request request) {
    std::string result = "nothing yet";
    if (self->mailbox().empty())
      return result;
    request.receive([&](atom::ok) { result = "made"; },
                    [&](const caf::error& x) { result = explain(x); });
    return result;
  }

  script_book book;
  std::shared_ptr<script_engine> engine;
  instance_registry_ptr registry;
  caf::actor node;
  provider_actor maker;
  int fetched = 0;
  std::vector<physical_id> met;
  caf::typed_response_promise<std::string> waiting;
};

} // namespace

TEST_CASE_FIXTURE(workshop, "a module is fetched, compiled and instantiated") {
  auto id = any<physical_id>();
  auto request = order("sound", id);

  tell(node, atom::proceed_v, std::string{"sound"});

  CHECK(outcome(std::move(request)) == "made");
  CHECK(registry->find(id));
  CHECK(met == std::vector{id});
}

TEST_CASE_FIXTURE(workshop, "a start is done when the init has run") {
  int inits = 0;
  book["greeter"] = [&](guest_host&, const guest_event& x) -> step {
    inits += x.kind == hook::init;
    return {};
  };
  auto id = any<physical_id>();
  auto request = start("greeter", id);
  REQUIRE(inits == 0);

  tell(node, atom::proceed_v, std::string{"greeter"});

  CHECK(outcome(std::move(request)) == "made");
  CHECK(inits == 1);
  CHECK(met == std::vector{id});
}

TEST_CASE_FIXTURE(workshop, "whose init fails has not been started") {
  book["fragile"] = [](guest_host&, const guest_event&) -> step {
    return trap{"no"};
  };
  auto request = start("fragile", any<physical_id>());

  tell(node, atom::proceed_v, std::string{"fragile"});

  CHECK(outcome(std::move(request)) == "no");
}

TEST_CASE_FIXTURE(workshop, "what has been made for nobody stops") {
  auto id = any<physical_id>();
  auto request = start("sound", id);
  tell(node, atom::proceed_v, std::string{"sound"});
  REQUIRE(outcome(std::move(request)) == "made");

  tell(maker, atom::stop_v, id);

  CHECK(!registry->find(id));
}

TEST_CASE_FIXTURE(workshop, "who waits for the same module shares its flight") {
  auto first = order("sound", any<physical_id>());
  auto second = order("sound", any<physical_id>());

  tell(node, atom::proceed_v, std::string{"sound"});

  CHECK(outcome(std::move(first)) == "made");
  CHECK(outcome(std::move(second)) == "made");
  CHECK(fetched == 1);
  CHECK(engine->compiled == 1);
}

TEST_CASE_FIXTURE(workshop, "a module that is known is not fetched again") {
  auto first = order("sound", any<physical_id>());
  tell(node, atom::proceed_v, std::string{"sound"});
  REQUIRE(outcome(std::move(first)) == "made");

  auto second = order("sound", any<physical_id>());

  CHECK(outcome(std::move(second)) == "made");
  CHECK(fetched == 1);
}

TEST_CASE_FIXTURE(workshop, "all who wait are told that nobody has it") {
  auto first = order("sound", any<physical_id>());
  auto second = order("sound", any<physical_id>());

  tell(node, atom::drop_v);

  CHECK(outcome(std::move(first)) == "nobody has it");
  CHECK(outcome(std::move(second)) == "nobody has it");
}

TEST_CASE_FIXTURE(workshop, "after a failure the module is fetched again") {
  auto first = order("sound", any<physical_id>());
  tell(node, atom::drop_v);
  REQUIRE(outcome(std::move(first)) == "nobody has it");

  auto second = order("sound", any<physical_id>());
  tell(node, atom::proceed_v, std::string{"sound"});

  CHECK(outcome(std::move(second)) == "made");
  CHECK(fetched == 2);
}

TEST_CASE_FIXTURE(workshop, "a module that does not compile is refused") {
  auto request = order("unsound", any<physical_id>());

  tell(node, atom::proceed_v, std::string{"unsound"});

  CHECK(outcome(std::move(request)) == "not a script: unsound");
}

TEST_CASE_FIXTURE(workshop, "what is stopped while it waits is not made") {
  auto id = any<physical_id>();
  auto request = order("sound", id);

  tell(maker, atom::stop_v, id);
  tell(node, atom::proceed_v, std::string{"sound"});

  CHECK(outcome(std::move(request)) == "stopped before it was started");
  CHECK(!registry->find(id));
}
