// SPDX-License-Identifier: MIT
#include "tools/report/harness/processes/child_main.hpp"

#include "tools/process.hpp"
#include "tools/report/harness/baselines/loopback.hpp"
#include "tools/report/harness/baselines/process_baselines.hpp"
#include "tools/report/harness/in_process/encryption.hpp"
#include "tools/report/harness/in_process/modules.hpp"
#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/harness/processes/peer.hpp"
#include "tools/report/harness/processes/process_figures.hpp"
#include "tools/report/plan.hpp"

#include "runtime/base/log.hpp"
#include "runtime/net/basp/caf_system.hpp"

#include "messages/interfaces.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <csignal>
#include <cstdlib>
#include <iostream>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

using words = std::vector<std::string>;

constexpr auto exit_flag = "--child-exit";
constexpr auto tick_flag = "--child-tick";
constexpr auto program_flag = "--child-program";
constexpr auto idle_flag = "--child-idle";
constexpr auto peer_flag = "--child-peer";
constexpr auto node_flag = "--child-node";
constexpr auto orchestrator_flag = "--child-orchestrator";
constexpr auto connected_flag = "--child-connected";

int print_error(const caf::error& x) {
  std::cout << "error " << explain(x) << std::endl;
  return 1;
}

void wait_for_end_of_input() {
  std::string ignored;
  while (std::getline(std::cin, ignored)) {
  }
}

int run_exit(const words&) {
  return 0;
}

int run_tick(const words&) {
  system_config config;
  caf::actor_system system{config};
  auto ticking
    = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
        self->send(self, atom::tick_v);
        return {[=](atom::tick) {
          self->delayed_send(self, 1s, atom::tick_v);
        }};
      });
  std::cout << std::endl;
  wait_for_end_of_input();
  caf::anon_send_exit(ticking, caf::exit_reason::user_shutdown);
  return 0;
}

int run_program(const words& x) {
  // The program ends with its parent, however that ends.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::vector<char*> argv;
  for (std::size_t i = 2; i < x.size(); ++i)
    argv.push_back(const_cast<char*>(x[i].c_str()));
  argv.push_back(nullptr);
  auto name = std::filesystem::path{x[2]}.filename().string();
  auto log = ::open((std::filesystem::path{x[1]} / (name + ".log")).c_str(),
                    O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  if (chdir(x[1].c_str()) == 0)
    execvp(argv[0], argv.data());
  return 1;
}

/// Starts instances and lets each of them handle one event.
caf::error start_idle(node& host, std::size_t instances,
                      const component_spec& spec) {
  constexpr std::size_t batch_size = 500;
  auto wanted = host.counts().handled() + instances;
  for (std::size_t begun = 0; begun < instances; begun += batch_size) {
    auto ids = host.start_many(std::min(batch_size, instances - begun), spec);
    if (!ids)
      return ids.error();
    for (auto& id : *ids)
      host.cast(id, "one event");
  }
  if (wait_until(10s, [&] { return host.counts().handled() >= wanted; }))
    return caf::none;
  return fail(ec::exhausted,
              "some instances did not handle their event within 10 s");
}

int run_idle(const words& x) {
  auto instances = std::stoul(x[1]);
  auto mapping = bytes_per_mapping(instances);
  node host{x[2], draw<node_id>(os_random())};
  auto spec = host.function(burst_module(), numbers({0, 0, 0}));
  // The first instance pays for what all instances share.
  auto problem = start_idle(host, 1, spec);
  auto before = resident_bytes(getpid());
  if (!problem)
    problem = start_idle(host, instances, spec);
  if (problem)
    return print_error(problem);
  auto grown = resident_bytes(getpid()) - before;
  std::cout << grown / static_cast<double>(instances) << ' ' << mapping
            << std::endl;
  // Stopping the instances one by one would only take time.
  _exit(0);
}

int run_peer(const words& x) {
  auto number = [&](std::size_t i) {
    return static_cast<std::uint32_t>(std::stoul(x[i]));
  };
  auto id = *parse_id<node_id>(x[2]);
  auto self = *parse_id<physical_id>(x[3]);
  auto tls = certificate_of(id, x[10]);
  if (!tls)
    return print_error(tls.error());
  node host{x[1], id, false, std::move(*tls)};
  output_map outputs{1, {}};
  if (auto out = *parse_id<physical_id>(x[5]))
    outputs.channels["out"] = {*parse_id<node_id>(x[4]), {}, out, x[6], {}};
  auto spec
    = host.function(burst_module(), numbers({number(7), number(8), number(9)}));
  if (auto problem = host.start(self, spec, outputs))
    return print_error(problem);
  std::cout << host.endpoint_of(self).invocation_url << std::endl;
  wait_for_end_of_input();
  std::cout << host.counts().handled() << ' ' << host.counts().dropped()
            << std::endl;
  return 0;
}

template <class Settings>
int run_daemon(const Settings& settings) {
  auto launched = launch(settings);
  if (!launched)
    return print_error(launched.error());
  std::cout << "up" << std::endl;
  wait_for_end_of_input();
  _exit(0);
}

int run_node(const words& x) {
  auto here = free_url();
  node_settings settings;
  settings.general.node_id = *parse_id<node_id>(x[2]);
  settings.general.agent_url = settings.general.agent_url_announced = here;
  settings.general.invocation_url = here;
  settings.general.invocation_url_announced = here;
  settings.general.orchestrator_url = x[3];
  settings.general.code_cache = x[1];
  settings.wasm_runtime.enabled = true;
  return run_daemon(settings);
}

int run_orchestrator(const words& x) {
  orchestrator_settings settings;
  settings.general.domain_id = "domain";
  settings.general.orchestrator_url = x[1];
  settings.baseline.keep_alive_interval = 1s;
  return run_daemon(settings);
}

int run_connected(const words& x) {
  auto socket = ::socket(AF_INET, SOCK_STREAM, 0);
  auto there = loopback_at(static_cast<std::uint16_t>(std::stoul(x[1])));
  if (::connect(socket, reinterpret_cast<sockaddr*>(&there), sizeof there) != 0)
    return 1;
  wait_for_end_of_input();
  return 0;
}

struct child_kind {
  std::string_view flag;
  std::size_t arguments; ///< at least, with the flag
  int (*run)(const words& x);
};

constexpr child_kind kinds[] = {
  {exit_flag, 1, run_exit},       {tick_flag, 1, run_tick},
  {program_flag, 3, run_program}, {connected_flag, 2, run_connected},
  {idle_flag, 3, run_idle},       {peer_flag, 11, run_peer},
  {node_flag, 4, run_node},       {orchestrator_flag, 2, run_orchestrator},
};

} // namespace

std::optional<int> run_as_child(int argc, char** argv) {
  words arguments{argv + 1, argv + argc};
  if (arguments.empty() || !arguments[0].starts_with("--child-"))
    return std::nullopt;
  auto kind = std::ranges::find(kinds, arguments[0], &child_kind::flag);
  if (kind == std::end(kinds) || arguments.size() < kind->arguments)
    return 1;
  // The log takes a thread, which the measured children do without.
  if (kind->flag != exit_flag && kind->flag != tick_flag
      && kind->flag != program_flag) {
    auto wanted = std::getenv("RUST_LOG");
    if (auto filter = parse_log_filter(wanted ? wanted : "error"))
      open_log("edgeless_benchmark", *filter);
  }
  return kind->run(arguments);
}

words exit_arguments() {
  return {exit_flag};
}

words tick_arguments() {
  return {tick_flag};
}

words program_arguments(const std::filesystem::path& folder,
                        const words& command) {
  assert(!command.empty());
  words result{program_flag, folder.string()};
  result.insert(result.end(), command.begin(), command.end());
  return result;
}

words idle_arguments(std::size_t instances,
                     const std::filesystem::path& cache) {
  return {idle_flag, std::to_string(instances), cache.string()};
}

words peer_arguments(const std::filesystem::path& cache, const peer_task& x) {
  return {peer_flag,
          cache.string(),
          to_string(x.self.node),
          to_string(x.self.instance),
          to_string(x.out.node),
          to_string(x.out.instance),
          x.out.invocation_url,
          std::to_string(x.every),
          std::to_string(x.burst),
          std::to_string(x.size),
          x.certificates.string()};
}

words node_arguments(const std::filesystem::path& cache, const node_id& id,
                     const std::string& orchestrator_url) {
  return {node_flag, cache.string(), to_string(id), orchestrator_url};
}

words orchestrator_arguments(const std::string& url) {
  return {orchestrator_flag, url};
}

words connected_arguments(std::uint16_t port) {
  return {connected_flag, std::to_string(port)};
}

} // namespace edgeless::benchmark
