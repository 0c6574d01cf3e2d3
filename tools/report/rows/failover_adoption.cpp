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

/// A controller in this process, and an orchestrator and two nodes in child
/// processes.
class adoption_cluster {
public:
  caf::error open(const std::filesystem::path& scratch);
  /// Starts idle functions.
  caf::error start_functions();
  /// Kills the orchestrator and starts it again. Seconds from when it listens
  /// until it knows all instances; an error if an instance was started anew.
  caf::expected<double> restart_orchestrator();

private:
  using instances = std::map<logical_id, physical_id>;

  caf::error start_orchestrator();
  /// The instances that run.
  instances running();

  std::string controller_url_ = free_url();
  std::string orchestrator_url_ = free_url();
  process_ptr controller_;
  std::unique_ptr<child> orchestrator_;
  std::vector<std::unique_ptr<child>> nodes_;
  client client_;
  controller_actor controller_handle_;
  workflow_id workflow_ = draw<workflow_id>(os_random());
  instances known_;
};

caf::error adoption_cluster::start_orchestrator() {
  auto made = child::spawn(orchestrator_arguments(orchestrator_url_));
  if (!made)
    return made.error();
  if (auto line = (*made)->read_line(); line != "up")
    return fail(ec::system_failure, "the orchestrator did not start: " + line);
  orchestrator_ = std::move(*made);
  return caf::none;
}

caf::error adoption_cluster::open(const std::filesystem::path& scratch) {
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
    auto made = child::spawn(node_arguments(
      scratch / name, draw<node_id>(os_random()), orchestrator_url_));
    if (!made)
      return made.error();
    (*made)->read_line();
    nodes_.push_back(std::move(*made));
  }
  auto dialled
    = client_.dial<controller_actor>(controller_url_, peer_role::controller);
  if (!dialled)
    return dialled.error();
  controller_handle_ = std::move(*dialled);
  auto joined = wait_until(timeout, [this] {
    auto all = client_.ask<std::vector<domain_description>>(controller_handle_,
                                                            atom::domains_v);
    return all && !all->empty() && all->front().nodes == nodes_.size();
  });
  return joined
           ? caf::error{}
           : fail(ec::no_feasible_node, "the nodes did not join within 20 s");
}

caf::error adoption_cluster::start_functions() {
  auto module = burst_module();
  auto taken = client_.ask<std::uint64_t>(
    controller_handle_, atom::upload_v,
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
  auto status = client_.ask<workflow_status>(controller_handle_, atom::start_v,
                                             workflow_, spec);
  if (!status)
    return status.error();
  if (!wait_until(timeout, [this] { return running().size() == functions; }))
    return fail(ec::unreachable, "not all functions run after 20 s");
  known_ = running();
  return caf::none;
}

adoption_cluster::instances adoption_cluster::running() {
  instances result;
  auto status = client_.ask<workflow_status>(controller_handle_,
                                             atom::inspect_v, workflow_);
  if (status)
    for (auto& x : status->components)
      if (x.phase == component_phase::running)
        result.emplace(x.id, x.instance);
  return result;
}

caf::expected<double> adoption_cluster::restart_orchestrator() {
  orchestrator_->signal(SIGKILL);
  orchestrator_.reset();
  if (auto problem = start_orchestrator())
    return problem;
  auto begin = clock::now();
  if (!wait_until(timeout, [this] { return running().size() == functions; }))
    return fail(ec::unreachable, "not all functions were adopted within 20 s");
  auto result = seconds_since(begin);
  if (running() != known_)
    return fail(ec::duplicate,
                "a function was started anew instead of adopted");
  return result;
}

} // namespace

rows adoption(const plan& how) {
  auto what = "orchestrator killed and restarted, from listening until "
              + std::to_string(functions) + " functions are adopted (aim: 1 s)";
  row result{what, unit::seconds};
  adoption_cluster cluster;
  auto problem = cluster.open(how.scratch);
  if (!problem)
    problem = cluster.start_functions();
  for (std::size_t i = 0; !problem && i < how.repeats(20); ++i) {
    if (auto taken = cluster.restart_orchestrator())
      result.samples.push_back(*taken);
    else
      problem = taken.error();
  }
  if (problem)
    return with_failure({result}, explain(problem));
  return {result};
}

} // namespace edgeless::benchmark
