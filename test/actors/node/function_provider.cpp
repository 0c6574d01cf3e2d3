// SPDX-License-Identifier: MIT
#include "actors/node/function_provider.hpp"

#include "test/fixtures/actor_fixture.hpp"
#include "test/fixtures/scripted_functions.hpp"

#include "runtime/base/sha256.hpp"

#include <doctest/doctest.h>

using namespace edgeless;
using namespace edgeless::test;

namespace {

/// A function provider, a double of the NODE whose fetches the test answers,
/// and an engine for scripts.
struct provider_fixture : actor_fixture {
  provider_fixture() : engine{std::make_shared<script_engine>(scripts)} {
    scripts["sound"] = [](guest_host&, const guest_event&) -> step {
      return {};
    };
    function_context context;
    context.registry = std::make_shared<instance_registry>(any<node_id>());
    context.engine = engine;
    context.where = threads::pool;
    context.node = caf::actor_cast<node_actor>(
      keep(system.spawn([this](caf::event_based_actor* me) -> caf::behavior {
        return {
          [this, me](atom::fetch,
                     const code_id& code) -> caf::result<std::string> {
            ++fetches;
            if (auto known = modules.find(code); known != modules.end())
              return known->second;
            fetch = me->make_response_promise<std::string>();
            return fetch;
          },
          [this](atom::prepare, const physical_id& id,
                 const instance_actor& x) {
            announced.push_back(id);
            keep(x);
          },
          [this](atom::resume, const std::string& module) {
            fetch.deliver(module);
          },
          [this](atom::drop) {
            fetch.deliver(fail(ec::unknown_code, "no such module"));
          },
        };
      })));
    node = caf::actor_cast<caf::actor>(context.node);
    registry = context.registry;
    provider = keep(provider_actor{system.spawn(function_provider, context)});
  }

  auto prepare(const std::string& module, const physical_id& id) {
    component_spec spec;
    spec.code = sha256(module);
    auto request = self->request(provider, caf::infinite, atom::prepare_v, id,
                                 std::move(spec));
    run_until_idle();
    return request;
  }

  auto start(const std::string& module, const physical_id& id) {
    component_spec spec;
    spec.code = sha256(module);
    auto request = self->request(provider, caf::infinite, atom::start_v, id,
                                 std::move(spec), output_map{}, std::string{});
    run_until_idle();
    return request;
  }

  template <class Request>
  std::string result_of(Request request) {
    std::string result = "no answer yet";
    if (self->mailbox().empty())
      return result;
    request.receive([&](atom::ok) { result = "ok"; },
                    [&](const caf::error& x) { result = explain(x); });
    return result;
  }

  script_table scripts;
  std::shared_ptr<script_engine> engine;
  instance_registry_ptr registry;
  caf::actor node;
  provider_actor provider;
  int fetches = 0;
  /// Modules that the NODE delivers at once.
  std::map<code_id, std::string> modules;
  std::vector<physical_id> announced;
  caf::typed_response_promise<std::string> fetch;
};

} // namespace

TEST_CASE_FIXTURE(
  provider_fixture,
  "function provider: fetches, compiles and instantiates a module") {
  auto id = any<physical_id>();
  auto request = prepare("sound", id);

  tell(node, atom::resume_v, std::string{"sound"});

  CHECK(result_of(std::move(request)) == "ok");
  CHECK(registry->find(id));
  CHECK(announced == std::vector{id});
}

TEST_CASE_FIXTURE(
  provider_fixture,
  "function provider: answers a start when the init hook has run") {
  int inits = 0;
  scripts["greeter"] = [&](guest_host&, const guest_event& x) -> step {
    inits += x.kind == hook::init;
    return {};
  };
  auto id = any<physical_id>();
  auto request = start("greeter", id);
  REQUIRE(inits == 0);

  tell(node, atom::resume_v, std::string{"greeter"});

  CHECK(result_of(std::move(request)) == "ok");
  CHECK(inits == 1);
  CHECK(announced == std::vector{id});
}

TEST_CASE_FIXTURE(provider_fixture,
                  "function provider: a start fails when the init hook traps") {
  scripts["fragile"] = [](guest_host&, const guest_event&) -> step {
    return trap{"no"};
  };
  auto request = start("fragile", any<physical_id>());

  tell(node, atom::resume_v, std::string{"fragile"});

  CHECK(result_of(std::move(request)) == "no");
}

TEST_CASE_FIXTURE(provider_fixture,
                  "function provider: workflows take turns at the compiler") {
  workflow_id greedy{1, 1}, modest{2, 2};
  auto request = [this](const std::string& module, const workflow_id& of) {
    scripts[module] = scripts["sound"];
    modules[sha256(module)] = module;
    component_spec spec;
    spec.code = sha256(module);
    spec.workflow = of;
    self->send(provider, atom::prepare_v, any<physical_id>(), std::move(spec));
  };
  for (auto module : {"a1", "a2", "a3", "a4"})
    request(module, greedy);
  request("b1", modest);
  run_until_idle();

  auto& order = engine->compile_order;
  INFO(order);
  CHECK(order.find("b1") < order.find("a3"));
  CHECK(announced.size() == 5);
}

TEST_CASE_FIXTURE(provider_fixture,
                  "function provider: a thousand starts of one workflow delay "
                  "another's by a few, even if they never end") {
  std::string order;
  auto script = [&](char who) {
    return [&order, who](guest_host&, const guest_event& x) -> step {
      if (x.kind != hook::init)
        return {};
      order += who;
      // Init hooks that wait, for longer than a start may take.
      return who == 'a' ? sleep_step{1h,
                                     [] {
                                       return step{};
                                     }}
                        : step{};
    };
  };
  scripts["a"] = script('a');
  scripts["b"] = script('b');
  auto request = [this](const std::string& module, const workflow_id& of) {
    modules[sha256(module)] = module;
    component_spec spec;
    spec.code = sha256(module);
    spec.workflow = of;
    self->send(provider, atom::start_v, any<physical_id>(), std::move(spec),
               output_map{}, std::string{});
  };
  request("b", {2, 2}); // its module is ready from now on
  run_until_idle();
  order.clear();
  for (auto i = 0; i < 1000; ++i)
    request("a", {1, 1});
  request("b", {2, 2});

  run_for(100ms);

  CHECK(order.find('b') < 40);
  run_for(10s);
  CHECK(order.size() == 1001);
}

TEST_CASE_FIXTURE(provider_fixture,
                  "function provider: cancels a start that waits for its "
                  "turn") {
  scripts["slow"] = [](guest_host&, const guest_event&) -> step {
    return sleep_step{1h, [] {
                        return step{};
                      }};
  };
  modules[sha256("slow")] = "slow";
  for (auto i = 0; i < 16; ++i)
    start("slow", any<physical_id>());
  auto id = any<physical_id>();
  auto last = start("slow", id);
  REQUIRE(!registry->find(id));

  tell(provider, atom::stop_v, id);

  CHECK(result_of(std::move(last)) == "stopped before it was started");
  run_for(1s);
  CHECK(!registry->find(id));
}

TEST_CASE_FIXTURE(
  provider_fixture,
  "function provider: stops an instance that the node does not know") {
  auto id = any<physical_id>();
  auto request = start("sound", id);
  tell(node, atom::resume_v, std::string{"sound"});
  REQUIRE(result_of(std::move(request)) == "ok");

  tell(provider, atom::stop_v, id);

  CHECK(!registry->find(id));
}

TEST_CASE_FIXTURE(
  provider_fixture,
  "function provider: fetches a module once for several instances") {
  auto first = prepare("sound", any<physical_id>());
  auto second = prepare("sound", any<physical_id>());

  tell(node, atom::resume_v, std::string{"sound"});

  CHECK(result_of(std::move(first)) == "ok");
  CHECK(result_of(std::move(second)) == "ok");
  CHECK(fetches == 1);
  CHECK(engine->compiled == 1);
}

TEST_CASE_FIXTURE(provider_fixture,
                  "function provider: does not fetch a compiled module again") {
  auto first = prepare("sound", any<physical_id>());
  tell(node, atom::resume_v, std::string{"sound"});
  REQUIRE(result_of(std::move(first)) == "ok");

  auto second = prepare("sound", any<physical_id>());

  CHECK(result_of(std::move(second)) == "ok");
  CHECK(fetches == 1);
}

TEST_CASE_FIXTURE(provider_fixture,
                  "function provider: a module in the cache on disk is loaded "
                  "by the compiler's thread, and not fetched") {
  auto code = sha256("sound");
  REQUIRE(engine->compile(code, "sound"));
  engine->on_disk = std::exchange(engine->classes, {});
  engine->compiled = 0;
  component_spec spec;
  spec.code = code;
  auto id = any<physical_id>();
  auto request = self->request(provider, caf::infinite, atom::prepare_v, id,
                               std::move(spec));

  // The PROVIDER itself, which shares its thread with others, reads nothing.
  REQUIRE(scheduler().try_run_once());
  CHECK(engine->classes.empty());
  run_until_idle();

  CHECK(result_of(std::move(request)) == "ok");
  CHECK(fetches == 0);
  CHECK(engine->compiled == 0);
}

TEST_CASE_FIXTURE(provider_fixture,
                  "function provider: what is compiled does not delay what is "
                  "loaded from the cache") {
  REQUIRE(engine->compile(sha256("sound"), "sound"));
  engine->on_disk = std::exchange(engine->classes, {});
  scripts["new"] = scripts["sound"];
  [[maybe_unused]] auto slow = prepare("new", any<physical_id>());
  REQUIRE(fetches == 1); // and the module does not come

  CHECK(result_of(prepare("sound", any<physical_id>())) == "ok");
}

TEST_CASE_FIXTURE(
  provider_fixture,
  "function provider: a failed fetch fails every instance that waits") {
  auto first = prepare("sound", any<physical_id>());
  auto second = prepare("sound", any<physical_id>());

  tell(node, atom::drop_v);

  CHECK(result_of(std::move(first)) == "no such module");
  CHECK(result_of(std::move(second)) == "no such module");
}

TEST_CASE_FIXTURE(provider_fixture,
                  "function provider: fetches a module again after a failure") {
  auto first = prepare("sound", any<physical_id>());
  tell(node, atom::drop_v);
  REQUIRE(result_of(std::move(first)) == "no such module");

  auto second = prepare("sound", any<physical_id>());
  tell(node, atom::resume_v, std::string{"sound"});

  CHECK(result_of(std::move(second)) == "ok");
  CHECK(fetches == 2);
}

TEST_CASE_FIXTURE(
  provider_fixture,
  "function provider: a start fails when the module does not compile") {
  auto request = prepare("unsound", any<physical_id>());

  tell(node, atom::resume_v, std::string{"unsound"});

  CHECK(result_of(std::move(request)) == "not a script: unsound");
}

TEST_CASE_FIXTURE(
  provider_fixture,
  "function provider: an instance stopped during the fetch is not made") {
  auto id = any<physical_id>();
  auto request = prepare("sound", id);

  tell(provider, atom::stop_v, id);
  tell(node, atom::resume_v, std::string{"sound"});

  CHECK(result_of(std::move(request)) == "stopped before it was started");
  CHECK(!registry->find(id));
}
