// SPDX-License-Identifier: MIT
#include "runtime/placement/capability_detection.hpp"

#include "runtime/base/files.hpp"
#include "runtime/config/workflow_validation.hpp"
#include "runtime/placement/memory_limits.hpp"
#include "runtime/placement/proc_text.hpp"

#include "messages/limits.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <utility>

namespace edgeless {

namespace {

std::string text_of(const char* file) {
  auto text = read_file(file, limits::configuration);
  return text ? std::move(*text) : std::string{};
}

/// Counts CPUs and cores. A core is identified by its socket and its core id;
/// CPUs that share both are hardware threads of one core.
struct core_counter {
  void add(std::string_view cpu) {
    ++cpus;
    auto core = value_of(cpu, "core id");
    if (!core)
      return;
    auto socket = value_of(cpu, "physical id").value_or("");
    cores.emplace(socket, *core);
  }

  std::uint32_t cpus = 0;
  std::set<std::pair<std::string_view, std::string_view>> cores;
};

double megahertz(std::string_view cpuinfo) {
  auto text = value_of(cpuinfo, "cpu MHz");
  double result = 0;
  if (text)
    std::from_chars(text->data(), text->data() + text->size(), result);
  return result;
}

} // namespace

node_capabilities parse_proc_capabilities(std::string_view cpuinfo,
                                          std::string_view meminfo) {
  node_capabilities result;
  core_counter counter;
  // The sections of CPUs are separated by empty lines.
  for (auto rest = cpuinfo; !rest.empty();) {
    auto end = rest.find("\n\n");
    auto section = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 2);
    if (value_of(section, "processor"))
      counter.add(section);
  }
  result.num_cpus = counter.cpus;
  result.num_cores = static_cast<std::uint32_t>(counter.cores.size());
  if (result.num_cores == 0)
    result.num_cores = result.num_cpus;
  for (auto key : {"model name", "Model", "Hardware", "cpu model"})
    if (result.model_name_cpu.empty())
      result.model_name_cpu = value_of(cpuinfo, key).value_or("");
  result.clock_freq_cpu = megahertz(cpuinfo);
  if (auto total = value_of(meminfo, "MemTotal"))
    result.mem_size
      = static_cast<std::uint32_t>(leading_number(*total).value_or(0) / 1024);
  return result;
}

node_capabilities detect_capabilities() {
  auto result = parse_proc_capabilities(text_of("/proc/cpuinfo"),
                                        text_of("/proc/meminfo"));
  if (auto limit = control_group_limit())
    result.mem_size = static_cast<std::uint32_t>(limit->total >> 20);
  if (result.clock_freq_cpu == 0) {
    // On ARM, cpuinfo has no frequency, but cpufreq may have it in kHz.
    auto text
      = text_of("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
    auto frequency = leading_number(text).value_or(0);
    result.clock_freq_cpu = static_cast<double>(frequency) / 1000;
  }
  std::error_code unknown;
  if (auto disk = std::filesystem::space(".", unknown); !unknown)
    result.disk_tot_space = static_cast<std::uint32_t>(
      std::min<std::uintmax_t>(disk.capacity >> 20, UINT32_MAX));
  return result;
}

void override_capabilities(node_capabilities& capabilities,
                           const user_capabilities& user) {
  auto replace = [](auto& detected, const auto& described) {
    if (described)
      detected = *described;
  };
  replace(capabilities.num_cpus, user.num_cpus);
  replace(capabilities.model_name_cpu, user.model_name_cpu);
  replace(capabilities.clock_freq_cpu, user.clock_freq_cpu);
  replace(capabilities.num_cores, user.num_cores);
  replace(capabilities.mem_size, user.mem_size);
  replace(capabilities.labels, user.labels);
  replace(capabilities.is_tee_running, user.is_tee_running);
  replace(capabilities.has_tpm, user.has_tpm);
  replace(capabilities.disk_tot_space, user.disk_tot_space);
  replace(capabilities.num_gpus, user.num_gpus);
  replace(capabilities.model_name_gpu, user.model_name_gpu);
  replace(capabilities.mem_size_gpu, user.mem_size_gpu);
}

node_capabilities announced_capabilities(const node_settings& settings) {
  auto result = detect_capabilities();
  override_capabilities(result, settings.user_node_capabilities);
  if (settings.wasm_runtime.enabled)
    result.runtimes.emplace_back(wasm_type);
  return result;
}

} // namespace edgeless
