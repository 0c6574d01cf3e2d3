// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/placement/memory_limits.hpp"

#include "messages/node.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edgeless {

/// A snapshot of /proc and /sys: times in clock ticks since boot, memory in kB;
/// -1 or empty where unknown.
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
  /// Load, network, disks and GPU: what needs no comparison.
  node_health current;
  /// The energy that the processors have used, in microjoules; 0: unknown.
  std::uint64_t energy = 0;
  std::chrono::steady_clock::time_point when;
};

/// The texts of further files; empty where there is none.
struct machine_texts {
  std::string loadavg;   ///< /proc/loadavg
  std::string net_dev;   ///< /proc/net/dev
  std::string diskstats; ///< /proc/diskstats
};

/// Reads the averages of the load, and the sums over all network interfaces and
/// all whole disks.
void parse_devices(const machine_texts& texts, node_health& result);

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
  machine_sample take_sample() const;

  /// Files of the GPU and of the energy meters, if this machine has some.
  std::string gpu_load_;
  std::string gpu_temperature_;
  std::vector<std::string> energy_;
  machine_sample before_;
};

} // namespace edgeless
