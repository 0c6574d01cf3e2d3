// SPDX-License-Identifier: MIT
#include "tools/report/harness/baselines/process_baselines.hpp"

#include "tools/report/harness/baselines/loopback.hpp"
#include "tools/report/harness/processes/child.hpp"
#include "tools/report/harness/processes/child_main.hpp"
#include "tools/report/harness/processes/process_figures.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

namespace edgeless::benchmark {

namespace {

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

row child_process(const plan& how) {
  row result{"a child process that does nothing", unit::seconds};
  for (std::size_t i = 0; i < how.repeats(20); ++i)
    result.samples.push_back(
      seconds_of([] { auto ended = child::spawn(exit_arguments()); }));
  return result;
}

double bytes_per_mapping(std::size_t mappings) {
  constexpr std::size_t size = 64 << 10;
  std::vector<void*> all;
  all.reserve(mappings);
  auto before = resident_bytes(getpid());
  for (std::size_t i = 0; i < mappings; ++i) {
    // The kernel merges neighbouring mappings of equal protection.
    auto protection
      = i % 2 ? PROT_READ | PROT_WRITE : PROT_READ | PROT_WRITE | PROT_EXEC;
    auto* made
      = mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED)
      break;
    *static_cast<char*>(made) = 1;
    all.push_back(made);
  }
  auto grown = resident_bytes(getpid()) - before;
  for (auto* x : all)
    munmap(x, size);
  return all.empty() ? 0 : grown / static_cast<double>(all.size());
}

row kill_to_eof(const plan& how) {
  row result{"kill -9 of a process to the end of its connection",
             unit::seconds};
  auto [listener, port] = listen_on_loopback();
  if (listener < 0)
    result.failure = "cannot listen on loopback";
  for (std::size_t i = 0; result.failure.empty() && i < how.repeats(50); ++i)
    if (!kill_connected(listener, port, result))
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
