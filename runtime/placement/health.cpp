// SPDX-License-Identifier: MIT
#include "runtime/placement/health.hpp"

#include "runtime/base/files.hpp"
#include "runtime/placement/proc_text.hpp"

#include "messages/limits.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <system_error>

namespace edgeless {

namespace fs = std::filesystem;

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

std::string text_at(const std::string& file) {
  auto text = read_file(file, limits::configuration);
  return text ? std::move(*text) : std::string{};
}

std::uint64_t number_at(const std::string& file) {
  return file.empty() ? 0 : leading_number(text_at(file)).value_or(0);
}

/// The path of `name` in each entry of a folder of /sys whose name begins with
/// `prefix`, if it can be read.
std::vector<std::string> find_files(const fs::path& folder,
                                    std::string_view prefix,
                                    const std::string& name) {
  std::vector<std::string> result;
  std::error_code none;
  for (fs::directory_iterator i{folder, none}, end; !none && i != end;
       i.increment(none)) {
    auto file = (i->path() / name).string();
    if (i->path().filename().string().starts_with(prefix)
        && ::access(file.c_str(), R_OK) == 0)
      result.push_back(std::move(file));
  }
  return result;
}

/// 0.57 is 57.
std::int32_t hundredths(std::string_view word) {
  double result = 0;
  std::from_chars(word.data(), word.data() + word.size(), result);
  return static_cast<std::int32_t>(std::lround(100 * result));
}

/// The lines of /proc/net/dev after its two lines of headings:
/// `NAME: rx_bytes rx_packets rx_errors .. (8) tx_bytes tx_packets tx_errors`.
void parse_network(std::string_view text, node_health& result) {
  while (!text.empty()) {
    auto line = take_line(text);
    auto colon = line.rfind(':');
    if (colon == line.npos)
      continue;
    line.remove_prefix(colon + 1);
    std::int64_t fields[16] = {};
    for (auto& field : fields)
      field = static_cast<std::int64_t>(
        leading_number(take_word(line)).value_or(0));
    result.tot_rx_bytes += fields[0];
    result.tot_rx_pkts += fields[1];
    result.tot_rx_errs += fields[2];
    result.tot_tx_bytes += fields[8];
    result.tot_tx_pkts += fields[9];
    result.tot_tx_errs += fields[10];
  }
}

/// The lines of /proc/diskstats: major, minor, name, reads, merged, sectors
/// read, ms, writes, merged, sectors written. Sectors have 512 bytes. The parts
/// of a disk follow it and begin with its name.
void parse_disks(std::string_view text, node_health& result) {
  std::string_view disk;
  while (!text.empty()) {
    auto line = take_line(text);
    take_word(line);
    take_word(line);
    auto name = take_word(line);
    auto is_virtual = name.starts_with("loop") || name.starts_with("ram")
                      || name.starts_with("dm-") || name.starts_with("md")
                      || name.starts_with("zram");
    if (name.empty() || is_virtual || (!disk.empty() && name.starts_with(disk)))
      continue;
    disk = name;
    std::int64_t fields[7] = {};
    for (auto& field : fields)
      field = static_cast<std::int64_t>(
        leading_number(take_word(line)).value_or(0));
    result.disk_tot_reads += 512 * fields[2];
    result.disk_tot_writes += 512 * fields[6];
  }
}

} // namespace

void parse_devices(const machine_texts& texts, node_health& result) {
  std::string_view load = texts.loadavg;
  result.load_avg_1 = hundredths(take_word(load));
  result.load_avg_5 = hundredths(take_word(load));
  result.load_avg_15 = hundredths(take_word(load));
  parse_network(texts.net_dev, result);
  parse_disks(texts.diskstats, result);
}

machine_sample health_probe::take_sample() const {
  static const auto page_size
    = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  auto result = parse_sample(text_at("/proc/stat"), text_at("/proc/meminfo"),
                             text_at("/proc/self/stat"), page_size);
  if (auto limit = control_group_limit())
    apply_limit(*limit, result);
  parse_devices({text_at("/proc/loadavg"), text_at("/proc/net/dev"),
                 text_at("/proc/diskstats")},
                result.current);
  // Of the root only: a network file system may not answer.
  std::error_code unknown;
  if (auto disk = fs::space("/", unknown); !unknown)
    result.current.disk_free_space = static_cast<std::int64_t>(disk.available);
  result.current.gpu_load_perc
    = clamp(static_cast<double>(number_at(gpu_load_)));
  result.current.gpu_temp_cels
    = clamp(static_cast<double>(number_at(gpu_temperature_)));
  for (auto& file : energy_)
    result.energy += number_at(file);
  result.when = std::chrono::steady_clock::now();
  return result;
}

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
  auto result = now.current;
  // The meters start again at zero now and then.
  std::chrono::duration<double> seconds = now.when - before.when;
  if (before.energy > 0 && now.energy > before.energy && seconds.count() > 0)
    result.active_power = clamp(static_cast<double>(now.energy - before.energy)
                                / 1000 / seconds.count());
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

health_probe::health_probe() {
  auto first = [](std::vector<std::string> files) {
    return files.empty() ? std::string{} : std::move(files.front());
  };
  const fs::path cards = "/sys/class/drm";
  gpu_load_ = first(find_files(cards, "card", "device/gpu_busy_percent"));
  if (!gpu_load_.empty())
    gpu_temperature_ = first(find_files(
      fs::path{gpu_load_}.parent_path() / "hwmon", "hwmon", "temp1_input"));
  // The meters of the processor packages, not those of their parts.
  for (auto& file :
       find_files("/sys/class/powercap", "intel-rapl:", "energy_uj"))
    if (std::ranges::count(file, ':') == 1)
      energy_.push_back(file);
  before_ = take_sample();
}

node_health health_probe::sample() {
  auto now = take_sample();
  auto result = compare(before_, now);
  before_ = std::move(now);
  return result;
}

} // namespace edgeless
