// SPDX-License-Identifier: MIT
#include "tools/report/harness/processes/process_figures.hpp"

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>

namespace edgeless::benchmark {

namespace fs = std::filesystem;

namespace {

fs::path folder_of(pid_t process) {
  return fs::path{"/proc"} / std::to_string(process);
}

} // namespace

double processor_time(pid_t process) {
  std::uint64_t result = 0;
  std::error_code gone;
  for (auto& task : fs::directory_iterator{folder_of(process) / "task", gone}) {
    std::uint64_t nanoseconds = 0;
    std::ifstream{task.path() / "schedstat"} >> nanoseconds;
    result += nanoseconds;
  }
  return static_cast<double>(result) * 1e-9;
}

double resident_bytes(pid_t process) {
  std::size_t total = 0, pages = 0;
  std::ifstream{folder_of(process) / "statm"} >> total >> pages;
  return static_cast<double>(pages)
         * static_cast<double>(sysconf(_SC_PAGESIZE));
}

} // namespace edgeless::benchmark
