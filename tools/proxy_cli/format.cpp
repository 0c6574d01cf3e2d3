// SPDX-License-Identifier: MIT
#include "tools/proxy_cli/format.hpp"

#include "runtime/base/log.hpp"
#include "runtime/redis/mirror_values.hpp"

#include <caf/string_algorithms.hpp>

#include <cstdio>

namespace edgeless {

namespace {

constexpr std::string_view first_health
  = "global cpu usage {cpu_usage}%, load {cpu_load}, memory free {mem_free} "
    "kb, used {mem_used} kb, total {mem_total} kb, available {mem_available} "
    "kb, process cpu usage {proc_cpu_usage}%, memory {proc_memory} kb, vmemory "
    "{proc_vmemory} kb";

constexpr std::string_view later_health
  = "memory free {mem_free} kb, used {mem_used} kb, available {mem_available} "
    "kb, process cpu usage {proc_cpu_usage}%, memory {proc_memory} kb, vmemory "
    "{proc_vmemory} kb, load avg 1 minute {load_avg_1}% 5 minutes "
    "{load_avg_5}% 15 minutes {load_avg_15}%, network tot rx {tot_rx_bytes} "
    "bytes ({tot_rx_pkts} pkts) {tot_rx_errs} errs, tot tx {tot_tx_bytes} "
    "bytes ({tot_tx_pkts} pkts) {tot_tx_errs} errs, disk available "
    "{disk_free_space} bytes, tot disk reads {disk_tot_reads} writes "
    "{disk_tot_writes}, gpu_load_perc {gpu_load_perc}%, gpu_temp_cels "
    "{gpu_temp_cels}°";

/// GPUs report thousandths of a degree.
std::string degrees(std::int64_t thousandths) {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.2f",
                static_cast<double>(thousandths) / 1000);
  return buffer;
}

/// Replaces {NAME} in `form` by the figure of that name.
std::string fill_in(std::string_view form, const mirrored_health& x) {
  std::string result;
  for (std::size_t at = 0; at < form.size();) {
    auto open = form.find('{', at);
    result += form.substr(at, open - at);
    if (open == std::string_view::npos)
      break;
    auto close = form.find('}', open);
    auto name = form.substr(open + 1, close - open - 1);
    auto figure = x.figure(name);
    result
      += name == "gpu_temp_cels" ? degrees(figure) : std::to_string(figure);
    at = close + 1;
  }
  return result;
}

} // namespace

std::string joined(const std::vector<std::string>& items) {
  return printable(caf::join(items, ","));
}

std::string capabilities_line(const mirrored_capabilities& x) {
  auto& y = x.basic;
  auto result = std::to_string(y.num_cpus) + ' ' + printable(y.model_name_cpu)
                + " CPU(s) at " + decimal(y.clock_freq_cpu) + " BogoMIPS, "
                + std::to_string(y.num_cores) + " core(s), "
                + std::to_string(y.mem_size) + " MiB memory, labels ["
                + joined(y.labels) + "]" + (y.is_tee_running ? ", TEE" : "")
                + (y.has_tpm ? ", TPM" : "") + ", runtimes ["
                + joined(y.runtimes) + "]";
  if (x.has_more)
    result += ", disk space " + std::to_string(y.disk_tot_space) + " MiB, "
              + std::to_string(y.num_gpus) + ' ' + printable(y.model_name_gpu)
              + " GPU(s) " + std::to_string(y.mem_size_gpu) + " MiB";
  return result;
}

std::string health_line(const mirrored_health& x) {
  // What this version writes has the figures of all versions.
  if (x.figures.contains("cpu_load"))
    return fill_in(first_health, x);
  auto result = fill_in(later_health, x);
  if (x.figures.contains("active_power"))
    result
      += ", active_power " + std::to_string(x.figure("active_power")) + " mW";
  return result;
}

std::string provider_line(const mirrored_provider& x) {
  return "class_type " + printable(x.class_type) + ", node_id "
         + to_string(x.node) + ", outputs [" + joined(x.outputs) + "]";
}

} // namespace edgeless
