// SPDX-License-Identifier: MIT
#include "tools/cli/client.hpp"
#include "tools/process.hpp"
#include "tools/report/harness/baselines.hpp"
#include "tools/report/harness/node.hpp"
#include "tools/report/parts.hpp"

#include "runtime/base/sha256.hpp"

#include <fstream>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

/// A controller, an orchestrator and a node, as in edgeless_inabox.
struct box {
  std::string controller_url = free_url();
  std::vector<process_ptr> processes;

  caf::error launch_all(const std::filesystem::path& cache);
};

caf::error box::launch_all(const std::filesystem::path& cache) {
  auto orchestrator_url = free_url(), invocation_url = free_url();
  controller_settings controller;
  controller.controller_url = controller_url;
  controller.orchestrators = {{"domain", orchestrator_url}};
  controller.persistence_filename.clear();
  orchestrator_settings orchestrator;
  orchestrator.general.domain_id = "domain";
  orchestrator.general.orchestrator_url = orchestrator_url;
  orchestrator.general.orchestrator_url_announced = orchestrator_url;
  node_settings node;
  node.general.node_id = draw<node_id>(os_random());
  node.general.agent_url = node.general.agent_url_announced = free_url();
  node.general.invocation_url = invocation_url;
  node.general.invocation_url_announced = invocation_url;
  node.general.orchestrator_url = orchestrator_url;
  node.general.code_cache = cache;
  node.wasm_runtime.enabled = true;
  node.resources.file_log_provider = "file-log-1";
  auto add = [this](caf::expected<process_ptr> made) -> caf::error {
    if (!made)
      return made.error();
    processes.push_back(std::move(*made));
    return caf::none;
  };
  if (auto problem = add(launch(controller)))
    return problem;
  if (auto problem = add(launch(orchestrator)))
    return problem;
  return add(launch(node));
}

/// A function whose init casts an event to a file log.
workflow_spec workflow(const std::filesystem::path& file) {
  component_draft function;
  function.name = function.class_id = "source";
  function.function_type = "RUST_WASM";
  function.version = "0.1";
  function.code = sha256(burst_module());
  function.outputs = {"out"};
  function.output_mapping = {{"out", "log"}};
  function.settings = {{"init-payload", numbers({0, 1, 3})}};
  component_draft log;
  log.name = "log";
  log.kind = component_kind::resource;
  log.class_id = "file-log";
  log.settings = {{"filename", file.string()}};
  return {{function, log}, {}};
}

std::size_t size_of(const std::filesystem::path& file) {
  std::error_code none;
  auto size = std::filesystem::file_size(file, none);
  return none ? 0 : static_cast<std::size_t>(size);
}

bool wait_for(std::chrono::milliseconds timeout,
              const std::function<bool()>& done) {
  auto deadline = clock::now() + timeout;
  while (!done()) {
    if (clock::now() > deadline)
      return false;
    std::this_thread::sleep_for(50us);
  }
  return true;
}

/// Measures from the request of a workflow to the first line in its file log.
caf::error start_once(client& user, const controller_actor& controller,
                      const std::filesystem::path& file, row& result) {
  auto before = size_of(file);
  auto id = draw<workflow_id>(os_random());
  auto start = clock::now();
  auto status
    = user.ask<workflow_status>(controller, atom::start_v, id, workflow(file));
  if (!status)
    return status.error();
  if (!wait_for(10s, [&] { return size_of(file) > before; }))
    return fail(ec::unreachable, "no event arrived within 10 s");
  result.samples.push_back(seconds_since(start));
  auto ended = user.ask<atom::ok>(controller, atom::stop_v, id);
  return ended ? caf::error{} : ended.error();
}

caf::error measure(const plan& how, row& result) {
  box all;
  if (auto problem = all.launch_all(how.scratch / "box"))
    return problem;
  client user;
  auto controller
    = user.dial<controller_actor>(all.controller_url, peer_role::controller);
  if (!controller)
    return controller.error();
  auto has_node = [&] {
    auto domains
      = user.ask<std::vector<domain_description>>(*controller, atom::domains_v);
    return domains && !domains->empty() && domains->front().nodes > 0;
  };
  if (!wait_for(10s, has_node))
    return fail(ec::no_feasible_node, "the node did not join within 10 s");
  auto module = burst_module();
  auto taken = user.ask<std::uint64_t>(
    *controller, atom::upload_v,
    code_part{sha256(module), module.size(), 0, module});
  if (!taken)
    return taken.error();
  row first;
  auto file = how.scratch / "events.log";
  if (auto problem = start_once(user, *controller, file, first))
    return problem;
  for (std::size_t i = 0; i < how.repeats(50); ++i)
    if (auto problem = start_once(user, *controller, file, result))
      return problem;
  return caf::none;
}

} // namespace

rows workflow_start(const plan& how) {
  row result{"start of a workflow to its first event (aim: 10 ms)",
             unit::seconds};
  if (auto problem = measure(how, result))
    result.failure = explain(problem);
  // Controller, orchestrator, node; and the start of the function.
  result.baseline = {"three TCP round trips, an instance by the engine alone",
                     3 * median(tcp_round_trip(how).samples)
                       + median(engine_instantiate(how).samples)};
  return {result};
}

} // namespace edgeless::benchmark
