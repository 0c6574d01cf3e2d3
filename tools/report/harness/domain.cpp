// SPDX-License-Identifier: MIT
#include "tools/report/harness/domain.hpp"

#include "actors/orchestrator/orchestrator.hpp"

#include "runtime/base/sha256.hpp"
#include "runtime/net/basp/basp_transport.hpp"
#include "runtime/wasm/engine.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <thread>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

constexpr auto domain_name = "domain";
constexpr auto timeout = 10s;

} // namespace

caf::expected<std::unique_ptr<domain>>
domain::make(const std::filesystem::path& scratch, redis_opener mirror) {
  std::unique_ptr<domain> result{new domain};
  if (auto problem = result->open(scratch, std::move(mirror)))
    return problem;
  return result;
}

domain::~domain() {
  for (auto& x : nodes_)
    x.reset();
  acceptor_.reset();
  controller_stub::stop(self_, std::exchange(orchestrator_, nullptr));
  net_.reset();
}

caf::error domain::open(const std::filesystem::path& scratch,
                        redis_opener mirror) {
  disable_remote_spawn(system_);
  net_ = make_basp_transport(system_);
  orchestrator_options options;
  options.domain_id = domain_name;
  options.random = os_random();
  options.mirror = std::move(mirror);
  orchestrator_
    = system_.spawn<caf::detached>(edgeless::orchestrator, std::move(options));
  auto where = free_url();
  if (auto problem = listen(where))
    return problem;
  if (auto problem = controller_.attach(self_, orchestrator_, domain_name,
                                        {relay_module(), event_log_module()}))
    return problem;
  // There may be one engine per process.
  auto engine
    = with_event_log(make_wasm_engine({scratch / "code"}), event_log_);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    ids_[i] = draw<node_id>(os_random());
    nodes_[i] = std::make_unique<node>(ids_[i], where, engine);
  }
  auto deadline = clock::now() + timeout;
  while (!has_nodes()) {
    if (clock::now() > deadline)
      return fail(ec::no_feasible_node, "the nodes did not join within 10 s");
    std::this_thread::sleep_for(1ms);
  }
  if (auto problem = start_functions())
    return problem;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (auto problem = migrate())
      return problem;
  return caf::none;
}

caf::error domain::listen(const std::string& where) {
  auto opened = net_->listen(
    *parse_url(where), caf::actor_cast<caf::strong_actor_ptr>(orchestrator_),
    peer_role::orchestrator, {peer_role::node});
  if (!opened)
    return opened.error();
  acceptor_ = std::move(*opened);
  return caf::none;
}

bool domain::has_nodes() {
  auto result = false;
  self_->request(orchestrator_, limits::client, atom::describe_v)
    .receive(
      [&](const domain_description& x) { result = x.nodes == nodes_.size(); },
      [](const caf::error&) {});
  return result;
}

std::vector<component_spec> domain::components() {
  auto random = os_random();
  auto workflow = draw<workflow_id>(random);
  std::vector<component_spec> result;
  for (auto name : {"source", "middle", "sink"}) {
    component_spec x;
    x.id = draw<logical_id>(random);
    x.workflow = workflow;
    x.name = x.class_id = name;
    x.function_type = "RUST_WASM";
    x.code = sha256(relay_module());
    x.settings["node_id_match_any"] = to_string(ids_[0]);
    result.push_back(std::move(x));
  }
  result[0].wiring["out"] = result[1].id;
  result[1].wiring["out"] = result[2].id;
  result[1].settings.clear();
  result[2].code = sha256(event_log_module());
  return result;
}

caf::error domain::start_functions() {
  auto specs = components();
  middle_ = specs[1].id;
  caf::error problem;
  auto on_started = [&](const std::vector<component_status>& all) {
    for (auto& x : all) {
      if (x.phase != component_phase::running)
        problem = fail(ec::unreachable, x.name + " does not run: " + x.reason);
      if (x.id == specs[0].id)
        source_ = x.instance;
      if (x.id == middle_)
        middle_at_ = x.node == ids_[0] ? 0 : 1;
    }
  };
  self_
    ->request(orchestrator_, limits::client, atom::host_v, specs[0].workflow,
              specs)
    .receive(on_started, [&](caf::error& x) { problem = std::move(x); });
  return problem;
}

caf::error domain::migrate() {
  intent migration{intent_kind::migrate, middle_, {other_node()}};
  caf::error problem;
  self_->request(orchestrator_, limits::client, atom::intent_v, migration)
    .receive([](const std::string&) {},
             [&](caf::error& x) { problem = std::move(x); });
  if (!problem)
    on_migrated();
  return problem;
}

} // namespace edgeless::benchmark
