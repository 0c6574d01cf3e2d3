// SPDX-License-Identifier: MIT
#include "tools/report/harness/peer.hpp"

#include "tools/report/harness/encryption.hpp"
#include "tools/report/harness/memory.hpp"
#include "tools/report/harness/node.hpp"
#include "tools/report/rows/failover.hpp"

#include "runtime/base/log.hpp"
#include "runtime/net/basp/caf_system.hpp"

#include "messages/interfaces.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

extern char** environ;

namespace edgeless::benchmark {

namespace {

constexpr std::string_view nothing_flag = "--child-nothing";
constexpr std::string_view tick_flag = "--child-tick";
constexpr std::string_view idle_flag = "--child-idle";
constexpr std::string_view peer_flag = "--child-peer";

/// The arguments of a peer; run_peer() reads them.
std::vector<std::string> arguments_of(const std::filesystem::path& cache,
                                      const peer_task& x) {
  return {std::string{peer_flag},  cache.string(),
          to_string(x.self.node),  to_string(x.self.instance),
          to_string(x.out.node),   to_string(x.out.instance),
          x.out.invocation_url,    std::to_string(x.every),
          std::to_string(x.burst), std::to_string(x.size),
          x.certificates.string()};
}

void wait_for_end_of_input() {
  std::string ignored;
  while (std::getline(std::cin, ignored)) {
  }
}

int run_peer(const std::vector<std::string>& arguments) {
  auto number = [&](std::size_t i) {
    return static_cast<std::uint32_t>(std::stoul(arguments.at(i)));
  };
  auto self = parse_id<physical_id>(arguments.at(3));
  auto id = *parse_id<node_id>(arguments.at(2));
  auto tls = certificate_of(id, arguments.at(10));
  if (!tls) {
    std::cout << "error " << explain(tls.error()) << std::endl;
    return 1;
  }
  node host{arguments.at(1), id, false, std::move(*tls)};
  output_map outputs{1, {}};
  if (auto out = parse_id<physical_id>(arguments.at(5)); *out)
    outputs.channels["out"]
      = {*parse_id<node_id>(arguments.at(4)), {}, *out, arguments.at(6), {}};
  auto spec
    = host.function(burst_module(), numbers({number(7), number(8), number(9)}));
  if (auto problem = host.start(*self, spec, outputs)) {
    std::cout << "error " << explain(problem) << std::endl;
    return 1;
  }
  std::cout << host.endpoint_of(*self).invocation_url << std::endl;
  wait_for_end_of_input();
  std::cout << host.counts().handled() << ' ' << host.counts().dropped()
            << std::endl;
  return 0;
}

int run_tick() {
  system_config config;
  caf::actor_system system{config};
  auto ticking
    = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
        self->send(self, atom::tick_v);
        return {[=](atom::tick) {
          self->delayed_send(self, std::chrono::seconds{1}, atom::tick_v);
        }};
      });
  std::cout << std::endl;
  wait_for_end_of_input();
  caf::anon_send_exit(ticking, caf::exit_reason::user_shutdown);
  return 0;
}

} // namespace

caf::expected<std::unique_ptr<child>>
child::spawn(const std::vector<std::string>& arguments) {
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
    return fail(ec::system_failure, "cannot make pipes");
  std::unique_ptr<child> result{new child};
  result->input_ = in[1];
  result->output_ = out[0];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  std::string name = "edgeless_benchmark";
  std::vector<char*> argv{name.data()};
  for (auto& x : arguments)
    argv.push_back(const_cast<char*>(x.c_str()));
  argv.push_back(nullptr);
  auto failed = posix_spawn(&result->pid_, "/proc/self/exe", &actions, nullptr,
                            argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  if (failed)
    return fail(ec::system_failure, "cannot start a child process");
  return result;
}

child::~child() {
  close_input();
  close(output_);
  if (pid_ > 0)
    waitpid(pid_, nullptr, 0);
}

void child::close_input() {
  if (input_ >= 0)
    close(std::exchange(input_, -1));
}

void child::signal(int number) {
  ::kill(pid_, number);
}

std::string child::read_line() {
  std::string line;
  char x;
  while (read(output_, &x, 1) == 1 && x != '\n')
    line += x;
  return line;
}

caf::expected<std::unique_ptr<peer>>
peer::spawn(const std::filesystem::path& cache, const peer_task& task) {
  auto made = child::spawn(arguments_of(cache, task));
  if (!made)
    return made.error();
  auto result = std::make_unique<peer>();
  result->process_ = std::move(*made);
  result->target_ = {
    task.self.node, {}, task.self.instance, result->process_->read_line(), {}};
  if (!parse_url(result->target_.invocation_url))
    return fail(ec::system_failure,
                "the peer did not start: " + result->target_.invocation_url);
  return result;
}

std::pair<std::uint64_t, std::uint64_t> peer::stop() {
  process_->close_input();
  std::pair<std::uint64_t, std::uint64_t> result{0, 0};
  auto line = process_->read_line();
  std::sscanf(line.c_str(), "%lu %lu", &result.first, &result.second);
  return result;
}

std::optional<int> run_as_child(int argc, char** argv) {
  std::vector<std::string> arguments{argv + 1, argv + argc};
  if (arguments.empty() || !arguments[0].starts_with("--child-"))
    return std::nullopt;
  if (arguments[0] == nothing_flag)
    return 0;
  if (arguments[0] == tick_flag)
    return run_tick();
  auto wanted = std::getenv("RUST_LOG");
  if (auto filter = parse_log_filter(wanted ? wanted : "error"))
    open_log("edgeless_benchmark", *filter);
  if (arguments[0] == idle_flag && arguments.size() == 3)
    return run_idle(std::stoul(arguments[1]), arguments[2]);
  if (auto code = run_failover_child(arguments))
    return *code;
  if (arguments[0] == peer_flag && arguments.size() == 11)
    return run_peer(arguments);
  return 1;
}

std::vector<std::string> exit_arguments() {
  return {std::string{nothing_flag}};
}

std::vector<std::string> tick_arguments() {
  return {std::string{tick_flag}};
}

std::vector<std::string> idle_arguments(std::size_t instances,
                                        const std::filesystem::path& cache) {
  return {std::string{idle_flag}, std::to_string(instances), cache.string()};
}

} // namespace edgeless::benchmark
