// SPDX-License-Identifier: MIT
#include "tools/program.hpp"

#include "runtime/base/log.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/config/templates.hpp"
#include "runtime/sandbox/child_main.hpp"

#include "messages/errors.hpp"

#include <caf/logger.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

namespace edgeless {

namespace {

using namespace std::chrono_literals;

/// From a signal to the exit, if a process hangs.
constexpr auto shutdown_timeout = 1750ms;

/// SIGHUP is among them although it ends no program.
sigset_t awaited_signals() {
  sigset_t result;
  sigemptyset(&result);
  for (auto x : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&result, x);
  return result;
}

/// Returns the first one that is to end the program.
int await_termination() {
  auto signals = awaited_signals();
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP)
      return signal;
    // The next event finds a renamed file, the next connection a certificate.
    log_info("main", "SIGHUP: renamed files are opened again, new certificates "
                     "are taken up");
  }
}

/// Opens closed standard streams: otherwise the next file or connection would
/// get such a descriptor, and the log would be written to it.
void open_standard_streams() {
  for (auto fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) < 0)
      ::open("/dev/null", O_RDWR); // takes the lowest number that is free
}

// -- exceptions that are caught nowhere ---------------------------------------

const char* program_name = "edgeless";

/// Writes the line without allocating memory.
void write_last_line(const char* reason) {
  char line[512];
  auto length
    = std::snprintf(line, sizeof line, "%s: %s\n", program_name, reason);
  auto size = std::min(static_cast<std::size_t>(length), sizeof line - 1);
  static_cast<void>(::write(STDERR_FILENO, line, size) == 0);
}

[[noreturn]] void end_program() {
  static thread_local bool is_repeated = false;
  if (std::exchange(is_repeated, true))
    std::_Exit(1);
  // Another thread may fail for the same reason: the first one writes the line.
  static std::atomic<bool> is_ending{false};
  while (is_ending.exchange(true))
    ::pause();
  auto current = std::current_exception();
  if (!current && std::uncaught_exceptions() == 0)
    std::abort(); // a bug, such as a thread that was not joined
  try {
    finish_log();
    if (current)
      std::rethrow_exception(current);
    write_last_line("an exception while another one is handled");
  } catch (const std::bad_alloc&) {
    write_last_line("out of memory: the limit of the address space (ulimit -v) "
                    "or of the container is too low");
  } catch (const std::system_error& e) {
    write_last_line(e.code() == std::errc::resource_unavailable_try_again
                      ? "no thread can be started: the limit of the address "
                        "space (ulimit -v), of threads (ulimit -u) or of the "
                        "container is too low"
                      : e.what());
  } catch (const std::exception& e) {
    write_last_line(e.what());
  } catch (...) {
    write_last_line("an exception of unknown type");
  }
  std::_Exit(1);
}

// -- unknown words of the command line ----------------------------------------

/// The last of the commands given, such as `workflow`; else the program.
const CLI::App& last_command(const CLI::App& from) {
  auto given = from.get_subcommands();
  return given.empty() ? from : last_command(*given.back());
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> result;
  for (auto* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    result.push_back(sub->get_name());
  return result;
}

/// The options of a command and of those that it belongs to.
std::vector<std::string> options_of(const CLI::App* app) {
  std::vector<std::string> result;
  for (; app != nullptr; app = app->get_parent())
    for (auto* option : app->get_options())
      for (auto& name : option->get_lnames())
        result.push_back("--" + name);
  return result;
}

/// What a word is that CLI11 could not use.
std::string explain_unknown(const CLI::App& root, const std::string& word) {
  auto& last = last_command(root);
  auto commands = commands_of(last);
  auto is_option = word.starts_with('-');
  auto known = is_option ? options_of(&last) : commands;
  auto what = is_option          ? "unknown option "
              : commands.empty() ? "unexpected argument "
                                 : "unknown command ";
  auto result = what + printable(word);
  if (auto meant = nearest(word, known); !meant.empty())
    return result + "; did you mean " + meant + "?";
  std::string all;
  for (auto& x : commands)
    all += (all.empty() ? "; the commands are " : ", ") + x;
  return result + (is_option ? "" : all) + "; see --help";
}

} // namespace

void end_on_exceptions(const char* name) {
  program_name = name;
  std::set_terminate(end_program);
}

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
    auto unknown = options_.remaining(true);
    if (e.get_exit_code() != 0 && !unknown.empty())
      return fail(edgeless::fail(ec::bad_input,
                                 explain_unknown(options_, unknown.front())));
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
  auto signals = awaited_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void run_until_signal(std::vector<process_ptr> running) {
  auto signal = await_termination();
  log_info("main", "stopping on ", signal == SIGINT ? "SIGINT" : "SIGTERM");
  try {
    std::thread{[] {
      std::this_thread::sleep_for(shutdown_timeout);
      log_warn("main", "shutdown timed out: exiting");
      finish_log();
      std::_Exit(0);
    }}.detach();
  } catch (const std::system_error& e) {
    log_warn("main", "stopping without a watchdog: ", e.what());
  }
  // CAF 0.17: an actor system waits until no thread refers to its logger, as
  // the thread that has started it does.
  caf::logger::set_current_actor_system(nullptr);
  // Each needs its own time: together they need that of the slowest.
  std::vector<std::jthread> ending;
  for (auto& x : running)
    ending.emplace_back([&x] { x.reset(); });
}

int daemon_main(int argc, char** argv, const daemon_spec& spec) {
  end_on_exceptions(spec.name);
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
