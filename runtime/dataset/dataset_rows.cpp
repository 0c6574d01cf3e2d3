// SPDX-License-Identifier: MIT
#include "runtime/dataset/dataset_rows.hpp"

#include "runtime/redis/keys.hpp"
#include "runtime/redis/mirror_values.hpp"

#include <utility>

namespace edgeless {

namespace {

/// The fields are not quoted, as in EDGELESS: what would begin another field or
/// line becomes a blank.
std::string field(std::string text) {
  for (auto& c : text)
    if (c == ',' || c == '"' || static_cast<unsigned char>(c) < 0x20)
      c = ' ';
  return text;
}

std::string list_field(const std::vector<std::string>& items) {
  std::string result;
  for (auto& x : items)
    result += (&x == &items.front() ? "" : ";") + x;
  return "[" + field(result) + "]";
}

template <class... Ts>
std::string row_of(const Ts&... fields) {
  std::string result;
  auto add = [&](const auto& x) {
    result += result.empty() ? "" : ",";
    if constexpr (std::is_arithmetic_v<std::decay_t<decltype(x)>>)
      result += std::to_string(x);
    else
      result += x;
  };
  (add(fields), ...);
  return result;
}

const char* flag(bool x) {
  return x ? "true" : "false";
}

std::string row_of(const node_capabilities& x) {
  return row_of(x.num_cpus, field(x.model_name_cpu), decimal(x.clock_freq_cpu),
                x.num_cores, x.mem_size, list_field(x.labels),
                flag(x.is_tee_running), flag(x.has_tpm), list_field(x.runtimes),
                x.disk_tot_space, x.num_gpus, field(x.model_name_gpu),
                x.mem_size_gpu);
}

/// `disk`: the size of the disk in MiB.
std::string row_of(const node_health& x, std::uint32_t disk) {
  return row_of(x.cpu_usage, x.cpu_load, x.mem_free, x.mem_used, x.mem_total,
                x.mem_available, x.proc_cpu_usage, x.proc_memory,
                x.proc_vmemory, x.load_avg_1, x.load_avg_5, x.load_avg_15,
                x.tot_rx_bytes, x.tot_rx_pkts, x.tot_rx_errs, x.tot_tx_bytes,
                x.tot_tx_pkts, x.tot_tx_errs, std::uint64_t{disk} << 20,
                x.disk_free_space, x.disk_tot_reads, x.disk_tot_writes,
                x.gpu_load_perc, decimal(x.gpu_temp_cels / 1000.0));
}

} // namespace

std::optional<dataset_row> dataset_rows::join(const node_description& x,
                                              time_point now) {
  auto& known = nodes_[x.id];
  known.disk_tot_space = x.capabilities.disk_tot_space;
  auto text = row_of(x.capabilities);
  if (std::exchange(known.capabilities, text) == text)
    return std::nullopt;
  return dataset_row{dataset_file::capabilities,
                     row_of(timestamp(now), to_string(x.id), text)};
}

void dataset_rows::lose(const node_id& x) {
  nodes_.erase(x);
}

std::vector<dataset_row> dataset_rows::report(const node_id& node,
                                              const node_report& x,
                                              time_point now) {
  std::vector<dataset_row> result;
  auto known = nodes_.find(node);
  if (known == nodes_.end())
    return result;
  auto text = row_of(x.health, known->second.disk_tot_space);
  if (std::exchange(known->second.health, text) != text)
    result.push_back({dataset_file::health_status,
                      row_of(timestamp(now), to_string(node), text)});
  for (auto& times : x.samples.times)
    for (auto& seconds : times.seconds)
      result.push_back(
        {dataset_file::performance_samples,
         row_of(std::string{keys::execution_time}, to_string(times.instance),
                decimal(seconds), timestamp(now))});
  for (auto& line : x.samples.logs)
    result.push_back(
      {dataset_file::performance_samples,
       row_of(field(line.target), to_string(line.instance), field(line.text),
              timestamp(time_point{std::chrono::microseconds{line.when}}))});
  return result;
}

/// A component that is placed nowhere has empty fields.
std::optional<dataset_row> dataset_rows::moved(const logical_id& component,
                                               const endpoint& at,
                                               time_point now) {
  auto text = at ? row_of(to_string(at.node), to_string(at.instance))
                 : std::string{","};
  auto& known = mappings_[component];
  if (std::exchange(known, text) == text)
    return std::nullopt;
  return dataset_row{dataset_file::mapping_to_instance_id,
                     row_of(timestamp(now), to_string(component), text)};
}

void dataset_rows::drop(const logical_id& component) {
  mappings_.erase(component);
}

} // namespace edgeless
