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

constexpr std::string_view node_word = "--child-node";
constexpr std::string_view orchestrator_word = "--child-orchestrator";
constexpr std::string_view connected_word = "--child-connected";

/// Until whoever has started us is done with us, or dead.
[[noreturn]] void stay() {
  std::string ignored;
  while (std::getline(std::cin, ignored)) {
  }
  _exit(0);
}

int tell(const caf::expected<process_ptr>& launched) {
  if (!launched) {
    std::cout << "error " << explain(launched.error()) << std::endl;
    return 1;
  }
  std::cout << "up" << std::endl;
  stay();
}

int run_node(const std::vector<std::string>& words) {
  auto here = free_url();
  node_settings x;
  x.general.node_id = *parse_id<node_id>(words[2]);
  x.general.agent_url = x.general.agent_url_announced = here;
  x.general.invocation_url = x.general.invocation_url_announced = here;
  x.general.orchestrator_url = words[3];
  x.general.code_cache = words[1];
  x.wasm_runtime.enabled = true;
  return tell(launch(x));
}

int run_orchestrator(const std::string& url) {
  orchestrator_settings x;
  x.general.domain_id = "domain";
  x.general.orchestrator_url = x.general.orchestrator_url_announced = url;
  x.baseline.keep_alive_interval = std::chrono::seconds{1};
  return tell(launch(x));
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
  stay();
}

/// Whether the sample was taken.
bool kill_one(int acceptor, std::uint16_t port, row& result) {
  auto victim = child::spawn(be_connected(port));
  if (!victim)
    return false;
  auto line = ::accept4(acceptor, nullptr, nullptr, SOCK_CLOEXEC);
  // It has to come to rest first.
  std::this_thread::sleep_for(std::chrono::milliseconds{5});
  char byte;
  auto begin = clock::now();
  (*victim)->signal(SIGKILL);
  auto ended = ::recv(line, &byte, 1, 0) <= 0;
  if (ended)
    result.samples.push_back(seconds_since(begin));
  ::close(line);
  return ended;
}

} // namespace

std::vector<std::string> be_node(const std::filesystem::path& cache,
                                 const node_id& id,
                                 const std::string& orchestrator) {
  return {std::string{node_word}, cache.string(), to_string(id), orchestrator};
}

std::vector<std::string> be_orchestrator(const std::string& url) {
  return {std::string{orchestrator_word}, url};
}

std::vector<std::string> be_connected(std::uint16_t port) {
  return {std::string{connected_word}, std::to_string(port)};
}

std::optional<int> run_failover_child(const std::vector<std::string>& words) {
  if (words[0] == node_word && words.size() == 4)
    return run_node(words);
  if (words[0] == orchestrator_word && words.size() == 2)
    return run_orchestrator(words[1]);
  if (words[0] == connected_word && words.size() == 2)
    return run_connected(words[1]);
  return std::nullopt;
}

row kill_to_eof(const plan& how) {
  row result{"kill -9 of a process to the end of its connection",
             unit::seconds};
  auto acceptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto here = loopback_at(0);
  socklen_t size = sizeof here;
  auto* raw = reinterpret_cast<sockaddr*>(&here);
  if (::bind(acceptor, raw, size) != 0 || ::listen(acceptor, 1) != 0
      || ::getsockname(acceptor, raw, &size) != 0)
    result.failure = "cannot listen on loopback";
  for (std::size_t i = 0; result.failure.empty() && i < how.repeats(50); ++i)
    if (!kill_one(acceptor, ntohs(here.sin_port), result))
      result.failure = "a child did not connect, or did not die";
  ::close(acceptor);
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
