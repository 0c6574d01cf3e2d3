// SPDX-License-Identifier: MIT
#include "tools/cli/client.hpp"
#include "tools/report/harness/node.hpp"
#include "tools/report/harness/peer.hpp"
#include "tools/report/harness/process_figures.hpp"
#include "tools/report/parts.hpp"

#include "messages/interfaces.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;

/// One of the daemons, from the folder of this program, in a child process.
class daemon {
public:
  daemon(std::string name, const fs::path& folder, const std::string& config)
    : name_{std::move(name)} {
    auto file = (folder / (name_ + ".toml")).string();
    std::ofstream{file} << config;
    auto path
      = (fs::read_symlink("/proc/self/exe").parent_path() / name_).string();
    pid_ = fork();
    if (pid_ != 0)
      return;
    // The child ends with this process, however it ends.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    auto log = open((folder / (name_ + ".log")).c_str(),
                    O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    if (chdir(folder.c_str()) == 0)
      execl(path.c_str(), path.c_str(), "-c", file.c_str(), nullptr);
    _exit(1);
  }

  daemon(const daemon&) = delete;

  ~daemon() {
    if (pid_ <= 0)
      return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  const std::string& name() const {
    return name_;
  }

  pid_t pid() const {
    return pid_;
  }

private:
  std::string name_;
  pid_t pid_ = -1;
};

/// Waits until the controller knows of a node.
caf::error wait_for_node(const std::string& controller_url) {
  auto deadline = clock::now() + 10s;
  client user;
  for (; clock::now() < deadline; std::this_thread::sleep_for(50ms)) {
    auto controller
      = user.dial<controller_actor>(controller_url, peer_role::controller);
    if (!controller)
      continue;
    auto all
      = user.ask<std::vector<domain_description>>(*controller, atom::domains_v);
    if (all && !all->empty() && all->front().nodes == 1)
      return caf::none;
  }
  return fail(ec::unreachable, "the node did not join within 10 s");
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

/// With the settings of the configuration templates.
void measure_daemon(const plan& how, const daemon& program,
                    const std::string& memory_aim,
                    const idle_baselines& baselines, rows& result) {
  row processor{"idle " + program.name()
                  + ", processor time in a second (aim: 1 ms)",
                unit::seconds,
                {},
                baselines.processor};
  row memory{"idle " + program.name() + ", memory" + memory_aim,
             unit::bytes,
             {},
             baselines.memory};
  sample_idle(how, program.pid(), processor, memory);
  result.push_back(std::move(processor));
  result.push_back(std::move(memory));
}

} // namespace

rows daemons(const plan& how) {
  auto folder = how.scratch / "daemons";
  fs::create_directories(folder);
  auto con = free_url(), orc = free_url(), node = free_url();
  daemon controller{"edgeless_con_d", folder,
                    "controller_url = " + in_quotes(con)
                      + "\norchestrators = [{ domain_id = \"d\", "
                        "orchestrator_url = "
                      + in_quotes(orc) + " }]\n"};
  daemon orchestrator{"edgeless_orc_d", folder,
                      "[general]\ndomain_id = \"d\"\norchestrator_url = "
                        + in_quotes(orc)
                        + "\norchestrator_url_announced = \"\"\n[baseline]\n"
                          "orchestration_strategy = \"Random\"\n"
                          "keep_alive_interval_secs = 2\n"};
  daemon worker{
    "edgeless_node_d", folder,
    "[general]\nnode_id = " + in_quotes(to_string(draw<node_id>(os_random())))
      + "\nagent_url = " + in_quotes(node)
      + "\nagent_url_announced = \"\"\ninvocation_url = " + in_quotes(node)
      + "\ninvocation_url_announced = \"\"\norchestrator_url = "
      + in_quotes(orc)
      + "\ncode_cache = " + in_quotes((folder / "code").string())
      + "\n[telemetry]\nmetrics_url = \"\"\n"
        "performance_samples = true\n"
        "[wasm_runtime]\nenabled = true\n"};
  rows result;
  if (auto problem = wait_for_node(con)) {
    result.push_back(
      {"idle programs", unit::seconds, {}, {}, explain(problem)});
    return result;
  }
  auto baselines = measure_caf(how);
  measure_daemon(how, worker, " (aim: 30 MiB)", baselines, result);
  measure_daemon(how, orchestrator, " (aim: 20 MiB)", baselines, result);
  measure_daemon(how, controller, "", baselines, result);
  return result;
}

} // namespace edgeless::benchmark
