// SPDX-License-Identifier: MIT
#include "runtime/placement/health.hpp"

#include "runtime/base/files.hpp"
#include "runtime/placement/proc_text.hpp"

#include "messages/limits.hpp"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <string>

namespace edgeless {

namespace {

std::int64_t memory(std::string_view meminfo, std::string_view key) {
  auto value = value_of(meminfo, key);
  auto kilobytes = value ? leading_number(*value) : std::nullopt;
  return kilobytes ? static_cast<std::int64_t>(*kilobytes) : -1;
}

/// The columns of a CPU in /proc/stat: user nice system idle iowait irq softirq
/// steal; guest times are contained in user and nice.
machine_sample::cpu_time parse_cpu(std::string_view words) {
  machine_sample::cpu_time result;
  for (int i = 0; i < 8; ++i) {
    auto ticks = leading_number(take_word(words)).value_or(0);
    result.total += ticks;
    if (i != 3 && i != 4)
      result.busy += ticks;
  }
  return result;
}

void parse_process(std::string_view text, std::uint64_t page_size,
                   machine_sample& result) {
  // The name of the program is in parentheses and may contain anything.
  auto name_end = text.rfind(')');
  if (name_end == text.npos)
    return;
  text.remove_prefix(name_end + 1);
  std::uint64_t fields[22] = {};
  for (auto& field : fields)
    field = leading_number(take_word(text)).value_or(0);
  // By proc(5): state is the third field and the first one here.
  result.process_busy = static_cast<std::int64_t>(fields[11] + fields[12]);
  result.process_vmemory = static_cast<std::int64_t>(fields[20] / 1024);
  result.process_memory
    = static_cast<std::int64_t>(fields[21] * page_size / 1024);
}

std::int32_t clamp(double x) {
  constexpr double max = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(std::clamp(x, -1.0, max));
}

/// The busy share of the elapsed time, from 0 to 1.
double usage(const machine_sample::cpu_time& before,
             const machine_sample::cpu_time& now) {
  // Counters of idle time are not strictly monotonic, by proc(5).
  if (now.total <= before.total || now.busy <= before.busy)
    return 0;
  auto busy = static_cast<double>(now.busy - before.busy);
  return std::min(1.0, busy / static_cast<double>(now.total - before.total));
}

machine_sample take_sample() {
  auto text_of = [](const char* file) {
    auto text = read_file(file, limits::configuration);
    return text ? std::move(*text) : std::string{};
  };
  static const auto page_size
    = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  auto result = parse_sample(text_of("/proc/stat"), text_of("/proc/meminfo"),
                             text_of("/proc/self/stat"), page_size);
  if (auto limit = control_group_limit())
    apply_limit(*limit, result);
  return result;
}

} // namespace

machine_sample parse_sample(std::string_view stat, std::string_view meminfo,
                            std::string_view self_stat,
                            std::uint64_t page_size) {
  machine_sample result;
  while (stat.starts_with("cpu")) {
    auto line = take_line(stat);
    take_word(line);
    result.cpus.push_back(parse_cpu(line));
  }
  result.mem_free = memory(meminfo, "MemFree");
  result.mem_total = memory(meminfo, "MemTotal");
  result.mem_available = memory(meminfo, "MemAvailable");
  parse_process(self_stat, page_size, result);
  return result;
}

void apply_limit(const memory_limit& limit, machine_sample& x) {
  auto kilobytes = [](std::uint64_t bytes) {
    return static_cast<std::int64_t>(bytes / 1024);
  };
  auto lower = [](std::int64_t& value, std::int64_t bound) {
    value = value < 0 ? bound : std::min(value, bound);
  };
  lower(x.mem_total, kilobytes(limit.total));
  lower(x.mem_available, kilobytes(limit.available));
  lower(x.mem_free, kilobytes(limit.total - std::min(limit.used, limit.total)));
}

node_health compare(const machine_sample& before, const machine_sample& now) {
  node_health result;
  auto count = std::min(before.cpus.size(), now.cpus.size());
  if (count > 1) {
    result.cpu_usage = clamp(100 * usage(before.cpus[0], now.cpus[0]));
    double load = 0;
    for (std::size_t i = 1; i < count; ++i)
      load += usage(before.cpus[i], now.cpus[i]);
    result.cpu_load = clamp(load);
  }
  result.mem_free = clamp(static_cast<double>(now.mem_free));
  result.mem_total = clamp(static_cast<double>(now.mem_total));
  result.mem_available = clamp(static_cast<double>(now.mem_available));
  if (now.mem_total >= 0 && now.mem_available >= 0)
    result.mem_used
      = clamp(static_cast<double>(now.mem_total - now.mem_available));
  result.proc_memory = clamp(static_cast<double>(now.process_memory));
  result.proc_vmemory = clamp(static_cast<double>(now.process_vmemory));
  if (count > 1 && before.process_busy >= 0 && now.process_busy >= 0) {
    // The total of all CPUs advances by one second per CPU and second.
    auto ticks = static_cast<double>(now.cpus[0].total)
                 - static_cast<double>(before.cpus[0].total);
    auto busy = static_cast<double>(now.process_busy - before.process_busy);
    auto cpus = static_cast<double>(count - 1);
    result.proc_cpu_usage = clamp(ticks > 0 ? 100 * busy * cpus / ticks : 0);
  }
  return result;
}

health_probe::health_probe() : before_(take_sample()) {
  // nop
}

node_health health_probe::sample() {
  auto now = take_sample();
  auto result = compare(before_, now);
  before_ = std::move(now);
  return result;
}

} // namespace edgeless
