// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/placement/memory_limits.hpp"

#include "messages/node.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace edgeless {

/// A snapshot of /proc: times in clock ticks since boot, memory in kB; -1 or
/// empty where unknown.
struct machine_sample {
  struct cpu_time {
    std::uint64_t busy = 0;
    std::uint64_t total = 0;
  };
  /// The sum of all CPUs, then each CPU.
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

/// Lowers the memory of a snapshot to that of the control group.
void apply_limit(const memory_limit& limit, machine_sample& x);

/// The health of the machine and this process between two snapshots.
node_health compare(const machine_sample& before, const machine_sample& now);

/// Samples the health of this machine, or of the control group whose memory
/// this process has, and of this process, from small files of /proc and /sys.
/// For one thread.
class health_probe {
public:
  health_probe();

  /// CPU usage is relative to the previous sample, or to construction.
  node_health sample();

private:
  machine_sample before_;
};

} // namespace edgeless
