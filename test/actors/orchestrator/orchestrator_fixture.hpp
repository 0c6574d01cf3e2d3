// SPDX-License-Identifier: MIT
#pragma once

#include "test/fixtures/actor_fixture.hpp"

#include "actors/orchestrator/orchestrator.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace edgeless::test {

/// An orchestrator; nodes and controller are doubles.
struct orchestrator_fixture : actor_fixture {
  static constexpr auto keep_alive_interval = 2s;

  orchestrator_fixture() {
    start({});
  }

  /// Replaces the orchestrator by one with these options.
  void restart(orchestrator_options options) {
    tell(subject, atom::stop_v);
    start(std::move(options));
  }

  void start(orchestrator_options options) {
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
    return ask<welcome>(subject, atom::join_v, describe(id), handle, boot,
                        std::move(brought));
  }

  domain_description describe_domain() {
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

} // namespace edgeless::test
