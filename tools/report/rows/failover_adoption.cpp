// SPDX-License-Identifier: MIT
#include "tools/loadgen/controller.hpp"
#include "tools/process.hpp"
#include "tools/report/harness/in_process/modules.hpp"
#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/harness/processes/child.hpp"
#include "tools/report/harness/processes/child_main.hpp"
#include "tools/report/parts.hpp"

#include "runtime/base/sha256.hpp"

#include <csignal>
#include <map>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t functions = 100;

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
  bool wait_for_all() {
    return wait_until(20s, [this] { return running().size() == functions; });
  }

  std::string controller_url_ = free_url();
  std::string orchestrator_url_ = free_url();
  process_ptr controller_process_;
  std::unique_ptr<child> orchestrator_;
  std::vector<std::unique_ptr<child>> nodes_;
  load_controller controller_{nullptr};
  workflow_id workflow_ = draw<workflow_id>(os_random());
  instances known_;
};

caf::error adoption_cluster::start_orchestrator() {
  auto started = child::spawn_server(orchestrator_arguments(orchestrator_url_));
  if (!started)
    return started.error();
  orchestrator_ = std::move(*started);
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
  controller_process_ = std::move(*launched);
  if (auto problem = start_orchestrator())
    return problem;
  for (auto name : {"adopted-0", "adopted-1"}) {
    auto started = child::spawn_server(node_arguments(
      scratch / name, draw<node_id>(os_random()), orchestrator_url_));
    if (!started)
      return started.error();
    nodes_.push_back(std::move(*started));
  }
  return controller_.wait_for_nodes(controller_url_, nodes_.size());
}

caf::error adoption_cluster::start_functions() {
  auto module = burst_module();
  workflow_file file;
  file.modules = {{sha256(module), "burst.wasm", module}};
  for (std::size_t i = 0; i < functions; ++i) {
    component_draft x;
    x.name = "function-" + std::to_string(i);
    x.class_id = "burst";
    x.function_type = "RUST_WASM";
    x.version = "0.1";
    x.code = file.modules[0].code;
    file.spec.components.push_back(std::move(x));
  }
  auto status = controller_.start(workflow_, file);
  if (!status)
    return status.error();
  if (!wait_for_all())
    return fail(ec::unreachable, "not all functions run after 20 s");
  known_ = running();
  return caf::none;
}

adoption_cluster::instances adoption_cluster::running() {
  instances result;
  if (auto status = controller_.inspect(workflow_))
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
  if (!wait_for_all())
    return fail(ec::unreachable, "not all functions were adopted within 20 s");
  auto result = seconds_since(begin);
  if (running() != known_)
    return fail(ec::duplicate, "a function was started anew, not adopted");
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
