// SPDX-License-Identifier: MIT
#pragma once

#include "test/fixtures/actor_fixture.hpp"
#include "test/fixtures/scripted_functions.hpp"

#include "actors/node/node.hpp"

#include "runtime/base/sha256.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace edgeless::test {

/// A NODE with real providers and scripted functions. Its orchestrator is a
/// double that records what the node reports. Functions:
///   plain   handles events
///   syncer  syncs the payload of each cast as its state; "die" traps
///   caller  calls `out` for each cast
///   waiter  calls `out` in its init hook
struct node_fixture : actor_fixture {
  static constexpr std::uint64_t keep_alive_ms = 1000;

  node_fixture() {
    write_scripts();
    node_options options;
    options.description.id = registry->self;
    options.description.invocation_url = "http://node:7002";
    options.description.capabilities.runtimes = {"RUST_WASM"};
    options.orchestrator_url = "http://orchestrator:7000";
    options.where = threads::pool;
    options.net = net;
    options.engine = std::make_shared<script_engine>(scripts);
    options.registry = registry;
    options.random = random;
    registry->samples_wanted = true;
    subject = keep(node_actor{system.spawn(node, options)});
    orchestrator = spawn_orchestrator();
    run_until_idle();
  }

  ~node_fixture() {
    tell(subject, atom::stop_v);
    run_for(limits::shutdown);
  }

  /// The transport has reached the orchestrator, and the node asks to join.
  void dial() {
    REQUIRE(!net->dials.empty());
    tell(subject, atom::dialled_v, net->dials.back().where,
         caf::actor_cast<caf::strong_actor_ptr>(orchestrator), std::string{});
  }

  /// Answers the pending request to join; `stop` must end on the node.
  session_id welcome_node(std::vector<physical_id> stop = {}) {
    REQUIRE(joining);
    welcome x{any<session_id>(), keep_alive_ms, std::move(stop)};
    caf::anon_send(orchestrator, x);
    run_until_idle();
    return x.session;
  }

  session_id join() {
    dial();
    return welcome_node();
  }

  /// The connection to the orchestrator breaks; the node dials again.
  void disconnect() {
    caf::anon_send_exit(orchestrator, caf::exit_reason::kill);
    run_until_idle();
    orchestrator = spawn_orchestrator();
    run_for(limits::redial + 100ms);
  }

  component_spec spec_of(const std::string& script,
                         const std::string& state_policy = "NodeLocal") {
    component_spec x;
    x.id = any<logical_id>();
    x.workflow = any<workflow_id>();
    x.name = script;
    x.class_id = script;
    x.function_type = "RUST_WASM";
    x.code = sha256(script);
    x.settings["state_policy"] = state_policy;
    return x;
  }

  std::string start(const physical_id& id, const component_spec& spec,
                    const std::string& state = {},
                    const output_map& outputs = {}) {
    return outcome(
      ask<atom::ok>(subject, atom::start_v, id, spec, outputs, state));
  }

  /// Starts a function that calls an instance behind that address, which is
  /// dialled, when it gets a cast.
  physical_id start_caller(const std::string& invocation_url) {
    endpoint to{any<node_id>(),
                any<session_id>(),
                any<physical_id>(),
                invocation_url,
                {}};
    auto id = any<physical_id>();
    REQUIRE(start(id, spec_of("caller"), {}, {1, {{"out", to}}}) == "ok");
    return id;
  }

  /// The session with which the node greets the peer that it dialled last.
  session_id greet() {
    // The peer lives on, and is greeted in later sessions, too.
    auto session = std::make_shared<std::optional<session_id>>();
    auto peer
      = spawn_double<ingress_actor>([session](atom::greet, const greeting& x) {
          *session = x.session;
          return std::uint64_t{0};
        });
    auto* egress = net->dials.back().receiver.get();
    caf::anon_send(caf::actor_cast<egress_actor>(egress), atom::dialled_v,
                   net->dials.back().where,
                   caf::actor_cast<caf::strong_actor_ptr>(peer), std::string{});
    run_until_idle();
    REQUIRE(*session);
    return **session;
  }

  std::string prepare(const physical_id& id, const component_spec& spec) {
    return outcome(ask<atom::ok>(subject, atom::prepare_v, id, spec));
  }

  std::string activate(const physical_id& id, const std::string& state) {
    return outcome(ask<atom::ok>(subject, atom::activate_v, id, output_map{},
                                 state, instance_id{}));
  }

  std::string state_of(const physical_id& id) {
    auto x = ask<std::string>(subject, atom::state_v, id);
    return x ? *x : explain(x.error());
  }

  /// Sends a cast to an instance and runs no actor.
  void enqueue_cast(const physical_id& id, const std::string& payload) {
    auto target = registry->find(id);
    REQUIRE(target);
    registry->counts.count_sent(1);
    deliver(*registry, *target,
            events{cast_of({any<node_id>(), any<physical_id>()}, payload)},
            [](const event&) {});
  }

  void cast(const physical_id& id, const std::string& payload) {
    enqueue_cast(id, payload);
    run_until_idle();
  }

  node_report keep_alive(std::uint64_t acknowledged = 0) {
    return *ask<node_report>(subject, atom::keep_alive_v, acknowledged);
  }

  bool is_hosted(const physical_id& id) {
    return std::ranges::any_of(
      *ask<inventory>(subject, atom::running_v),
      [&](const inventory_record& x) { return x.instance == id; });
  }

  struct exit_report {
    session_id session;
    physical_id instance;
    std::string reason;
  };
  struct state_report {
    physical_id instance;
    std::string state;
  };

  script_table scripts;
  instance_registry_ptr registry
    = std::make_shared<instance_registry>(any<node_id>());
  std::shared_ptr<scripted_transport> net
    = std::make_shared<scripted_transport>();
  caf::actor orchestrator;
  node_actor subject;

  std::optional<caf::typed_response_promise<welcome>> joining;
  std::vector<inventory> joined_with;
  std::vector<exit_report> exits;
  std::vector<state_report> states;
  std::vector<std::string> first_states; ///< those given to init hooks
  bool is_module_damaged = false;

private:
  static std::string outcome(const caf::expected<atom::ok>& x) {
    return x ? "ok" : explain(x.error());
  }

  void write_scripts() {
    scripts["plain"] = [this](guest_host&, const guest_event& x) -> step {
      if (x.kind == hook::init)
        first_states.push_back(x.state);
      return {};
    };
    scripts["syncer"] = [this](guest_host& host, const guest_event& x) -> step {
      if (x.kind == hook::init)
        first_states.push_back(x.state);
      if (x.kind != hook::cast)
        return {};
      if (x.payload == "die")
        return trap{"told to die"};
      REQUIRE(!host.sync(x.payload));
      return {};
    };
    scripts["caller"] = [](guest_host&, const guest_event& x) -> step {
      if (x.kind != hook::cast)
        return {};
      return call_step{"out", x.payload, [](call_result) {
                         return step{};
                       }};
    };
    scripts["waiter"] = [](guest_host&, const guest_event&) -> step {
      return call_step{"out", "", [](const call_result&) {
                         return step{};
                       }};
    };
  }

  caf::actor spawn_orchestrator() {
    return keep(
      system.spawn([this](caf::event_based_actor* me) -> caf::behavior {
        return {
          [this, me](atom::join, const node_description&, const node_actor&,
                     const boot_id&, const inventory& x) {
            joined_with.push_back(x);
            joining = me->make_response_promise<welcome>();
            return *joining;
          },
          [this](atom::exited, const session_id& session, const logical_id&,
                 const physical_id& instance, const std::string& reason) {
            exits.push_back({session, instance, reason});
          },
          [this](atom::synced, const session_id&, const logical_id&,
                 const physical_id& instance, const std::string& state) {
            states.push_back({instance, state});
          },
          [this](atom::fetch, const code_id& code, std::uint64_t) {
            return part_of(code);
          },
          [this](const welcome& x) {
            std::exchange(joining, std::nullopt)->deliver(x);
          },
        };
      }));
  }

  code_part part_of(const code_id& code) const {
    for (auto& [name, script] : scripts)
      if (sha256(name) == code) {
        auto bytes = is_module_damaged ? name + "!" : name;
        return {code, bytes.size(), 0, bytes};
      }
    return {};
  }
};

} // namespace edgeless::test
