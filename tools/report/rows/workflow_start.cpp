// SPDX-License-Identifier: MIT
#include "tools/loadgen/controller.hpp"
#include "tools/process.hpp"
#include "tools/report/harness/baselines/baselines.hpp"
#include "tools/report/harness/in_process/modules.hpp"
#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/parts.hpp"

#include "runtime/base/sha256.hpp"

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
  node_settings node;
  node.general.node_id = draw<node_id>(os_random());
  node.general.agent_url = node.general.agent_url_announced = free_url();
  node.general.invocation_url = invocation_url;
  node.general.invocation_url_announced = invocation_url;
  node.general.orchestrator_url = orchestrator_url;
  node.general.code_cache = cache;
  node.wasm_runtime.enabled = true;
  node.resources.file_log_provider = "file-log-1";
  node.resources.file_log_directory = "/";
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
workflow_file workflow(const std::filesystem::path& log) {
  auto module = burst_module();
  component_draft function;
  function.name = function.class_id = "source";
  function.function_type = "RUST_WASM";
  function.version = "0.1";
  function.code = sha256(module);
  function.outputs = {"out"};
  function.output_mapping = {{"out", "log"}};
  function.settings = {{"init-payload", numbers({0, 1, 3})}};
  component_draft resource;
  resource.name = "log";
  resource.kind = component_kind::resource;
  resource.class_id = "file-log";
  resource.settings = {{"filename", log.string()}};
  return {{{function, resource}, {}},
          {{function.code, "burst.wasm", std::move(module)}}};
}

std::size_t size_of(const std::filesystem::path& file) {
  std::error_code none;
  auto size = std::filesystem::file_size(file, none);
  return none ? 0 : static_cast<std::size_t>(size);
}

/// Measures from the request of a workflow to the first line in its file log.
caf::error start_once(load_controller& controller, const workflow_file& file,
                      const std::filesystem::path& log, row& result) {
  auto before = size_of(log);
  auto id = draw<workflow_id>(os_random());
  auto start = clock::now();
  if (auto status = controller.start(id, file); !status)
    return status.error();
  if (!wait_until(10s, [&] { return size_of(log) > before; }))
    return fail(ec::unreachable, "no event arrived within 10 s");
  result.samples.push_back(seconds_since(start));
  return controller.stop(id);
}

caf::error measure(const plan& how, row& result) {
  box all;
  if (auto problem = all.launch_all(how.scratch / "box"))
    return problem;
  load_controller controller{nullptr};
  if (auto problem = controller.wait_for_nodes(all.controller_url, 1))
    return problem;
  auto log = how.scratch / "events.log";
  auto file = workflow(log);
  // The first start uploads the module.
  row first;
  auto problem = start_once(controller, file, log, first);
  for (std::size_t i = 0; i < how.repeats(50) && !problem; ++i)
    problem = start_once(controller, file, log, result);
  return problem;
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
