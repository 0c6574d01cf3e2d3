// SPDX-License-Identifier: MIT
#include "tools/loadgen/controller.hpp"
#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/harness/processes/child.hpp"
#include "tools/report/harness/processes/child_main.hpp"
#include "tools/report/harness/processes/process_figures.hpp"
#include "tools/report/parts.hpp"

#include <fstream>
#include <ranges>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;

/// Starts a daemon from the folder of this program.
caf::expected<std::unique_ptr<child>> start_daemon(const std::string& name,
                                                   const fs::path& folder,
                                                   const std::string& config) {
  auto file = (folder / (name + ".toml")).string();
  std::ofstream{file} << config;
  auto path = fs::read_symlink("/proc/self/exe").parent_path() / name;
  return child::spawn_program(folder, {path.string(), "-c", file});
}

std::string in_quotes(const std::string& x) {
  return '"' + x + '"';
}

/// Adds a sample per time window of an idle process.
void sample_idle(const plan& how, pid_t process, row& processor, row& memory) {
  auto window = how.quick ? 500ms : 2000ms;
  for (std::size_t i = 0; i < how.repeats(10); ++i) {
    auto before = processor_time(process);
    auto taken = seconds_of([&] { std::this_thread::sleep_for(window); });
    if (auto bytes = resident_bytes(process); bytes > 0) {
      processor.samples.push_back((processor_time(process) - before) / taken);
      memory.samples.push_back(bytes);
    } else {
      processor.failure = memory.failure = "the process has ended";
    }
  }
}

/// CAF with its network modules, and one actor that ticks once a second.
struct idle_baselines {
  baseline processor, memory;
};

idle_baselines measure_caf(const plan& how) {
  row processor, memory;
  if (auto process = child::spawn(tick_arguments())) {
    (*process)->read_line();
    sample_idle(how, (*process)->pid(), processor, memory);
  }
  constexpr auto what = "CAF alone, one tick a second";
  return {{what, median(processor.samples)}, {what, median(memory.samples)}};
}

/// Adds the rows of a daemon that has the settings of its template.
void measure_daemon(const plan& how, const std::string& name, child& process,
                    const std::string& memory_aim,
                    const idle_baselines& baselines, rows& result) {
  row processor{"idle " + name + ", processor time in a second (aim: 1 ms)",
                unit::seconds,
                {},
                baselines.processor};
  row memory{"idle " + name + ", memory" + memory_aim,
             unit::bytes,
             {},
             baselines.memory};
  sample_idle(how, process.pid(), processor, memory);
  result.push_back(std::move(processor));
  result.push_back(std::move(memory));
}

struct daemon {
  std::string name;
  std::string memory_aim;
  std::string config;
  std::unique_ptr<child> process{};
};

std::vector<daemon> configure(const fs::path& folder,
                              const std::string& controller_url) {
  auto con = in_quotes(controller_url), orc = in_quotes(free_url()),
       node = in_quotes(free_url());
  auto id = in_quotes(to_string(draw<node_id>(os_random())));
  std::vector<daemon> result;
  result.push_back({"edgeless_con_d", "",
                    "controller_url = " + con
                      + "\norchestrators = [{ domain_id = \"d\", "
                        "orchestrator_url = "
                      + orc + " }]\n"});
  result.push_back({"edgeless_orc_d", " (aim: 20 MiB)",
                    "[general]\ndomain_id = \"d\"\norchestrator_url = " + orc
                      + "\norchestrator_url_announced = \"\"\n[baseline]\n"
                        "orchestration_strategy = \"Random\"\n"
                        "keep_alive_interval_secs = 2\n"});
  result.push_back(
    {"edgeless_node_d", " (aim: 30 MiB)",
     "[general]\nnode_id = " + id + "\nagent_url = " + node
       + "\nagent_url_announced = \"\"\ninvocation_url = " + node
       + "\ninvocation_url_announced = \"\"\n"
         "orchestrator_url = "
       + orc + "\ncode_cache = " + in_quotes((folder / "code").string())
       + "\n[telemetry]\nmetrics_url = \"\"\n"
         "performance_samples = true\n"
         "[wasm_runtime]\nenabled = true\n"});
  return result;
}

caf::error start(const fs::path& folder, std::vector<daemon>& all,
                 const std::string& controller_url) {
  fs::create_directories(folder);
  for (auto& x : all) {
    auto started = start_daemon(x.name, folder, x.config);
    if (!started)
      return started.error();
    x.process = std::move(*started);
  }
  load_controller controller{nullptr};
  return controller.wait_for_nodes(controller_url, 1);
}

} // namespace

rows daemons(const plan& how) {
  auto folder = how.scratch / "daemons";
  auto controller_url = free_url();
  auto all = configure(folder, controller_url);
  if (auto problem = start(folder, all, controller_url))
    return {{"idle programs", unit::seconds, {}, {}, explain(problem)}};
  auto baselines = measure_caf(how);
  rows result;
  for (auto& x : all | std::views::reverse)
    measure_daemon(how, x.name, *x.process, x.memory_aim, baselines, result);
  return result;
}

} // namespace edgeless::benchmark
