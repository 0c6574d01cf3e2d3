// SPDX-License-Identifier: MIT
#pragma once

#include "messages/node.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace edgeless {

/// What /proc says at one moment. Times in clock ticks since some beginning,
/// memory in kB; -1 and empty where it says nothing.
struct machine_sample {
  struct cpu_time {
    std::uint64_t busy = 0;
    std::uint64_t total = 0;
  };
  /// All CPUs together, then each one.
  std::vector<cpu_time> cpus;
  std::int64_t mem_free = -1;
  std::int64_t mem_total = -1;
  std::int64_t mem_available = -1;
  /// Of this process.
  std::int64_t process_busy = -1;
  std::int64_t process_memory = -1;
  std::int64_t process_vmemory = -1;
};

/// Reads the text of /proc/stat, /proc/meminfo and /proc/self/stat.
machine_sample parse_sample(std::string_view stat, std::string_view meminfo,
                            std::string_view self_stat,
                            std::uint64_t page_size);

/// How the machine did from `before` until `now`.
node_health compare(const machine_sample& before, const machine_sample& now);

/// Tells how this machine and this process are doing. Reads three small files
/// of /proc: never waits.
class health_probe {
public:
  health_probe();

  /// CPU usage is that since the last sample, or since construction.
  node_health sample();

private:
  machine_sample before_;
};

} // namespace edgeless
