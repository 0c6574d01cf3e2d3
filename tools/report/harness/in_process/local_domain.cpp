// SPDX-License-Identifier: MIT
#include "tools/report/harness/in_process/local_domain.hpp"

#include "tools/report/harness/in_process/modules.hpp"
#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/plan.hpp"

#include "runtime/base/sha256.hpp"
#include "runtime/net/basp/basp_transport.hpp"

#include "messages/limits.hpp"

#include <caf/actor_cast.hpp>
#include <caf/behavior.hpp>
#include <caf/send.hpp>

#include <cassert>
#include <map>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

constexpr auto domain_name = "domain";

/// Answers the fetch requests of an orchestrator.
caf::behavior controller_stub(const std::vector<std::string>& all) {
  std::map<code_id, std::string> modules;
  for (auto& x : all)
    modules[sha256(x)] = x;
  return {
    [modules](atom::fetch, const code_id& code,
              std::uint64_t offset) -> caf::result<code_part> {
      auto i = modules.find(code);
      if (i == modules.end() || offset > i->second.size())
        return fail(ec::unknown_code, "no such module");
      return code_part{code, i->second.size(), offset,
                       i->second.substr(offset, limits::part)};
    },
    [](atom::joined, const std::string&) {},
  };
}

} // namespace

local_domain::~local_domain() {
  listener_.reset();
  if (orchestrator_) {
    self_->monitor(orchestrator_);
    self_->send(orchestrator_, atom::stop_v);
    self_->receive([](const caf::down_msg&) {},
                   caf::after(limits::shutdown) >> [] {});
    orchestrator_ = nullptr;
  }
  if (controller_)
    caf::anon_send_exit(controller_, caf::exit_reason::user_shutdown);
  net_.reset();
}

caf::error local_domain::open(orchestrator_options options,
                              const std::vector<std::string>& modules) {
  assert(!orchestrator_);
  disable_remote_spawn(system_);
  net_ = make_basp_transport(system_);
  options.domain_id = domain_name;
  options.random = os_random();
  options.counts = counts_;
  orchestrator_
    = system_.spawn<caf::detached>(edgeless::orchestrator, std::move(options));
  url_ = free_url();
  auto opened = net_->listen(
    *parse_url(url_), caf::actor_cast<caf::strong_actor_ptr>(orchestrator_),
    peer_role::orchestrator, {peer_role::node});
  if (!opened)
    return opened.error();
  listener_ = std::move(*opened);
  controller_ = system_.spawn(controller_stub, modules);
  caf::error problem;
  self_
    ->request(orchestrator_, limits::client, atom::attach_v,
              std::string{domain_name},
              caf::actor_cast<controller_link_actor>(controller_))
    .receive([](const domain_description&) {},
             [&](caf::error& x) { problem = std::move(x); });
  if (!problem)
    self_->send(orchestrator_, atom::hosted_v, std::vector<workflow_id>{});
  return problem;
}

caf::error local_domain::wait_for_nodes(std::size_t count) {
  if (wait_until(20s, [&] { return counts_->nodes == count; }))
    return caf::none;
  return fail(ec::no_feasible_node, "a node did not join within 20 s");
}

component_spec local_domain::function(const std::string& module,
                                      const std::vector<node_id>& nodes) {
  auto random = os_random();
  component_spec x;
  x.id = draw<logical_id>(random);
  x.workflow = draw<workflow_id>(random);
  x.name = x.class_id = "function";
  x.function_type = "RUST_WASM";
  x.code = sha256(module);
  for (auto& id : nodes) {
    auto& names = x.settings["node_id_match_any"];
    names += (names.empty() ? "" : ",") + to_string(id);
  }
  return x;
}

template <class... Ts>
caf::expected<local_domain::statuses>
local_domain::request_statuses(const Ts&... xs) {
  caf::expected<statuses> result{statuses{}};
  self_->request(orchestrator_, limits::client, xs...)
    .receive([&](statuses& x) { result = std::move(x); },
             [&](caf::error& x) { result = std::move(x); });
  return result;
}

caf::expected<local_domain::statuses>
local_domain::start(const std::vector<component_spec>& specs) {
  assert(!specs.empty());
  auto result = request_statuses(atom::host_v, specs[0].workflow, specs);
  if (result)
    for (auto& x : *result)
      if (x.phase != component_phase::running)
        return fail(ec::unreachable, x.name + " does not run: " + x.reason);
  return result;
}

caf::expected<local_domain::statuses>
local_domain::inspect(const workflow_id& workflow) {
  return request_statuses(atom::inspect_v, workflow);
}

caf::error local_domain::migrate(const logical_id& component,
                                 const node_id& node) {
  caf::error problem;
  self_
    ->request(orchestrator_, limits::client, atom::intent_v,
              intent{intent_kind::migrate, component, {node}})
    .receive([](const std::string&) {},
             [&](caf::error& x) { problem = std::move(x); });
  return problem;
}

caf::expected<local_domain::chain>
local_domain::start_chain(const node_id& front, component_spec middle,
                          const std::string& sink_module) {
  auto source = function(relay_module(), {front});
  auto sink = function(sink_module, {front});
  source.workflow = sink.workflow = middle.workflow;
  source.name = "source";
  middle.name = "middle";
  sink.name = "sink";
  source.wiring["out"] = middle.id;
  middle.wiring["out"] = sink.id;
  auto all = start({source, middle, sink});
  if (!all)
    return all.error();
  chain result;
  for (auto& x : *all)
    if (x.id == source.id)
      result.source = x.instance;
    else if (x.id == middle.id)
      result.middle_node = x.node;
  assert(result.source);
  return result;
}

} // namespace edgeless::benchmark
