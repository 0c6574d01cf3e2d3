// SPDX-License-Identifier: MIT
#include "tools/program.hpp"

#include "runtime/base/log.hpp"
#include "runtime/config/templates.hpp"
#include "runtime/sandbox/child_main.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>

namespace edgeless {

namespace {

using namespace std::chrono_literals;

/// From a signal to the exit, if a process hangs.
constexpr auto shutdown_timeout = 1750ms;

sigset_t termination_signals() {
  sigset_t result;
  sigemptyset(&result);
  sigaddset(&result, SIGINT);
  sigaddset(&result, SIGTERM);
  return result;
}

/// Opens closed standard streams: otherwise the next file or connection would
/// get such a descriptor, and the log would be written to it.
void open_standard_streams() {
  for (auto fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) < 0)
      ::open("/dev/null", O_RDWR); // takes the lowest number that is free
}

} // namespace

program::program(std::string name, const std::string& purpose)
  : name_{std::move(name)}, options_{purpose, name_} {
  open_standard_streams();
  options_.add_flag_callback(
    "--version",
    [] {
      std::cout << EDGELESS_VERSION << '\n';
      throw CLI::Success{};
    },
    "Print the version and exit");
  options_
    .add_option("--log-level", log_level_,
                "Log filter, such as info or debug,orchestrator=trace; "
                "default: RUST_LOG, else info")
    ->envname("RUST_LOG");
}

std::optional<int> program::parse(int argc, char** argv) {
  try {
    options_.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return options_.exit(e) == 0 ? 0 : 1;
  }
  auto filter = parse_log_filter(log_level_);
  if (!filter)
    return fail(filter.error());
  open_log(name_, *filter);
  return std::nullopt;
}

int program::fail(const caf::error& reason) const {
  finish_log();
  std::cerr << name_ << ": " << explain(reason) << '\n';
  return 1;
}

CLI::App* add_group(CLI::App& to, const char* name, const char* purpose) {
  auto* result = to.add_subcommand(name, purpose);
  result->require_subcommand(1);
  return result;
}

void block_signals() {
  auto signals = termination_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void run_until_signal(std::vector<process_ptr> running) {
  auto signals = termination_signals();
  int signal = 0;
  sigwait(&signals, &signal);
  log_info("main", "stopping on ", signal == SIGINT ? "SIGINT" : "SIGTERM");
  std::thread{[] {
    std::this_thread::sleep_for(shutdown_timeout);
    log_warn("main", "shutdown timed out: exiting");
    finish_log();
    std::_Exit(0);
  }}.detach();
  while (!running.empty())
    running.pop_back();
}

int daemon_main(int argc, char** argv, const daemon_spec& spec) {
  if (auto code = run_as_child(argc, argv))
    return *code;
  block_signals();
  program self{spec.name, spec.purpose};
  std::string config = spec.config_file;
  std::string template_file;
  self.options()
    .add_option("-c,--config-file", config, "The configuration file")
    ->capture_default_str();
  self.options().add_option("-t,--template", template_file,
                            "Write a default configuration file, then exit");
  auto is_done = spec.add_options ? spec.add_options(self.options()) : [] {
    return false;
  };
  if (auto code = self.parse(argc, argv))
    return *code;
  if (is_done())
    return 0;
  if (!template_file.empty()) {
    auto problem = write_template(template_file, spec.template_text());
    return problem ? self.fail(problem) : 0;
  }
  auto running = spec.launch(config);
  if (!running)
    return self.fail(running.error());
  std::vector<process_ptr> all;
  all.push_back(std::move(*running));
  run_until_signal(std::move(all));
  return 0;
}

} // namespace edgeless
