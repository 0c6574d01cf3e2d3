// SPDX-License-Identifier: MIT
#include "tools/cli/client.hpp"
#include "tools/process.hpp"
#include "tools/report/harness/failover_cluster.hpp"
#include "tools/report/harness/node.hpp"
#include "tools/report/harness/peer.hpp"
#include "tools/report/rows/failover.hpp"

#include "runtime/base/sha256.hpp"

#include <csignal>
#include <map>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t functions = 100;
constexpr auto timeout = 20s;

/// A controller here; an orchestrator that dies, and two nodes, in processes
/// of their own.
class brain {
public:
  caf::error open(const std::filesystem::path& scratch);
  /// Hosts functions that have nothing to do.
  caf::error host();
  /// Kills the orchestrator and starts it again. How long it took from when it
  /// listens until all run as before.
  caf::expected<double> restart();

private:
  using homes = std::map<logical_id, physical_id>;

  caf::error start_orchestrator();
  /// Where all are that run.
  homes running();

  std::string controller_url_ = free_url();
  std::string orchestrator_url_ = free_url();
  process_ptr controller_;
  std::unique_ptr<child> orchestrator_;
  std::vector<std::unique_ptr<child>> nodes_;
  client user_;
  controller_actor acceptor_;
  workflow_id workflow_ = draw<workflow_id>(os_random());
  homes known_;
};

caf::error brain::start_orchestrator() {
  auto made = child::spawn(be_orchestrator(orchestrator_url_));
  if (!made)
    return made.error();
  if (auto line = (*made)->read_line(); line != "up")
    return fail(ec::system_failure, "no orchestrator: " + line);
  orchestrator_ = std::move(*made);
  return caf::none;
}

caf::error brain::open(const std::filesystem::path& scratch) {
  controller_settings settings;
  settings.controller_url = controller_url_;
  settings.orchestrators = {{"domain", orchestrator_url_}};
  settings.persistence_filename.clear();
  auto launched = launch(settings);
  if (!launched)
    return launched.error();
  controller_ = std::move(*launched);
  if (auto problem = start_orchestrator())
    return problem;
  for (auto name : {"adopted-0", "adopted-1"}) {
    auto made = child::spawn(
      be_node(scratch / name, draw<node_id>(os_random()), orchestrator_url_));
    if (!made)
      return made.error();
    (*made)->read_line();
    nodes_.push_back(std::move(*made));
  }
  auto dialled
    = user_.dial<controller_actor>(controller_url_, peer_role::controller);
  if (!dialled)
    return dialled.error();
  acceptor_ = std::move(*dialled);
  auto whole = comes_true(timeout, [this] {
    auto all
      = user_.ask<std::vector<domain_description>>(acceptor_, atom::domains_v);
    return all && !all->empty() && all->front().nodes == nodes_.size();
  });
  return whole ? caf::error{} : fail(ec::no_feasible_node, "nodes do not join");
}

caf::error brain::host() {
  auto module = flow_module();
  auto taken = user_.ask<std::uint64_t>(
    acceptor_, atom::upload_v,
    code_part{sha256(module), module.size(), 0, module});
  if (!taken)
    return taken.error();
  workflow_spec spec;
  for (std::size_t i = 0; i < functions; ++i) {
    component_draft x;
    x.name = "function-" + std::to_string(i);
    x.class_id = "flow";
    x.function_type = "RUST_WASM";
    x.version = "0.1";
    x.code = sha256(module);
    spec.components.push_back(std::move(x));
  }
  auto status
    = user_.ask<workflow_status>(acceptor_, atom::start_v, workflow_, spec);
  if (!status)
    return status.error();
  if (!comes_true(timeout, [this] { return running().size() == functions; }))
    return fail(ec::unreachable, "not all functions run");
  known_ = running();
  return caf::none;
}

brain::homes brain::running() {
  homes result;
  auto status
    = user_.ask<workflow_status>(acceptor_, atom::inspect_v, workflow_);
  if (status)
    for (auto& x : status->components)
      if (x.phase == component_phase::running)
        result.emplace(x.id, x.instance);
  return result;
}

caf::expected<double> brain::restart() {
  orchestrator_->signal(SIGKILL);
  orchestrator_.reset();
  if (auto problem = start_orchestrator())
    return problem;
  auto begin = clock::now();
  if (!comes_true(timeout, [this] { return running().size() == functions; }))
    return fail(ec::unreachable, "not all functions are adopted");
  auto result = seconds_since(begin);
  if (running() != known_)
    return fail(ec::duplicate, "a function was started anew");
  return result;
}

} // namespace

rows adoption(const plan& how) {
  auto what = "orchestrator restarted by kill -9, from when it listens until "
              + std::to_string(functions)
              + " functions are known again, none of them anew (aim: 1 s)";
  row result{what, unit::seconds};
  brain domain;
  auto problem = domain.open(how.scratch);
  if (!problem)
    problem = domain.host();
  for (std::size_t i = 0; !problem && i < how.repeats(20); ++i) {
    if (auto taken = domain.restart())
      result.samples.push_back(*taken);
    else
      problem = taken.error();
  }
  if (problem)
    return with_failure({result}, explain(problem));
  return {result};
}

} // namespace edgeless::benchmark
