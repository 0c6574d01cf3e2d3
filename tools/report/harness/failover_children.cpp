// SPDX-License-Identifier: MIT
#include "tools/process.hpp"
#include "tools/report/harness/node.hpp"
#include "tools/report/harness/peer.hpp"
#include "tools/report/rows/failover.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

namespace edgeless::benchmark {

namespace {

constexpr std::string_view node_flag = "--child-node";
constexpr std::string_view orchestrator_flag = "--child-orchestrator";
constexpr std::string_view connected_flag = "--child-connected";

/// Waits until the parent closes the input of this process, or ends.
[[noreturn]] void wait_for_parent() {
  std::string ignored;
  while (std::getline(std::cin, ignored)) {
  }
  _exit(0);
}

int report_launch(const caf::expected<process_ptr>& launched) {
  if (!launched) {
    std::cout << "error " << explain(launched.error()) << std::endl;
    return 1;
  }
  std::cout << "up" << std::endl;
  wait_for_parent();
}

int run_node(const std::vector<std::string>& arguments) {
  auto here = free_url();
  node_settings x;
  x.general.node_id = *parse_id<node_id>(arguments[2]);
  x.general.agent_url = x.general.agent_url_announced = here;
  x.general.invocation_url = x.general.invocation_url_announced = here;
  x.general.orchestrator_url = arguments[3];
  x.general.code_cache = arguments[1];
  x.wasm_runtime.enabled = true;
  return report_launch(launch(x));
}

int run_orchestrator(const std::string& url) {
  orchestrator_settings x;
  x.general.domain_id = "domain";
  x.general.orchestrator_url = x.general.orchestrator_url_announced = url;
  x.baseline.keep_alive_interval = std::chrono::seconds{1};
  return report_launch(launch(x));
}

sockaddr_in loopback_at(std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  result.sin_port = htons(port);
  return result;
}

int run_connected(const std::string& port) {
  auto socket = ::socket(AF_INET, SOCK_STREAM, 0);
  auto there = loopback_at(static_cast<std::uint16_t>(std::stoul(port)));
  if (::connect(socket, reinterpret_cast<sockaddr*>(&there), sizeof there) != 0)
    return 1;
  wait_for_parent();
}

/// Adds a sample; false if that failed.
bool kill_connected(int listener, std::uint16_t port, row& result) {
  auto process = child::spawn(connected_arguments(port));
  if (!process)
    return false;
  auto connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  // Its start must not count.
  std::this_thread::sleep_for(std::chrono::milliseconds{5});
  char byte;
  auto begin = clock::now();
  (*process)->signal(SIGKILL);
  auto ended = ::recv(connection, &byte, 1, 0) <= 0;
  if (ended)
    result.samples.push_back(seconds_since(begin));
  ::close(connection);
  return ended;
}

} // namespace

std::vector<std::string> node_arguments(const std::filesystem::path& cache,
                                        const node_id& id,
                                        const std::string& orchestrator) {
  return {std::string{node_flag}, cache.string(), to_string(id), orchestrator};
}

std::vector<std::string> orchestrator_arguments(const std::string& url) {
  return {std::string{orchestrator_flag}, url};
}

std::vector<std::string> connected_arguments(std::uint16_t port) {
  return {std::string{connected_flag}, std::to_string(port)};
}

std::optional<int>
run_failover_child(const std::vector<std::string>& arguments) {
  if (arguments[0] == node_flag && arguments.size() == 4)
    return run_node(arguments);
  if (arguments[0] == orchestrator_flag && arguments.size() == 2)
    return run_orchestrator(arguments[1]);
  if (arguments[0] == connected_flag && arguments.size() == 2)
    return run_connected(arguments[1]);
  return std::nullopt;
}

row kill_to_eof(const plan& how) {
  row result{"kill -9 of a process to the end of its connection",
             unit::seconds};
  auto listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto here = loopback_at(0);
  socklen_t size = sizeof here;
  auto* raw = reinterpret_cast<sockaddr*>(&here);
  if (::bind(listener, raw, size) != 0 || ::listen(listener, 1) != 0
      || ::getsockname(listener, raw, &size) != 0)
    result.failure = "cannot listen on loopback";
  for (std::size_t i = 0; result.failure.empty() && i < how.repeats(50); ++i)
    if (!kill_connected(listener, ntohs(here.sin_port), result))
      result.failure = "a child process did not connect, or did not end";
  ::close(listener);
  return result;
}

row synced_write(const plan& how) {
  row result{"4 KiB written to the disk, for good (fsync)", unit::seconds};
  auto file = (how.scratch / "synced").string();
  auto out
    = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::string page(4096, 'x');
  for (std::size_t i = 0; i < how.repeats(100); ++i)
    result.samples.push_back(seconds_of([&] {
      if (::write(out, page.data(), page.size()) < 0 || ::fsync(out) != 0)
        result.failure = "cannot write " + file;
    }));
  ::close(out);
  return result;
}

} // namespace edgeless::benchmark
