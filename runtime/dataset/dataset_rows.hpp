// SPDX-License-Identifier: MIT
#pragma once

#include "messages/event.hpp"
#include "messages/node.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The CSV files that the proxy of EDGELESS v1.0 writes.
namespace edgeless {

enum class dataset_file : std::uint8_t {
  performance_samples,
  mapping_to_instance_id,
  capabilities,
  health_status,
};

struct dataset_form {
  std::string_view name; ///< of the file, without ".csv"
  std::string_view columns;
};

/// By dataset. EDGELESS v1.0 announces columns of health_status for which it
/// has no values; the rows here have them all.
inline constexpr std::array<dataset_form, 4> dataset_forms{{
  {"performance_samples", "metric,identifier,value,timestamp"},
  {"mapping_to_instance_id", "timestamp,logical_id,node_id,physical_id"},
  {"capabilities",
   "timestamp,node_id,num_cpus,model_name_cpu,clock_freq_cpu,num_cores,mem_"
   "size,"
   "labels,is_tee_running,has_tpm,runtimes,disk_tot_space,num_gpus,"
   "model_name_gpu,mem_size_gpu"},
  {"health_status",
   "timestamp,node_id,cpu_usage,cpu_load,mem_free,mem_used,mem_total,"
   "mem_available,proc_cpu_usage,proc_memory,proc_vmemory,load_avg_1,load_avg_"
   "5,"
   "load_avg_15,tot_rx_bytes,tot_rx_pkts,tot_rx_errs,tot_tx_bytes,tot_tx_pkts,"
   "tot_tx_errs,disk_tot_space,disk_free_space,disk_tot_reads,disk_tot_writes,"
   "gpu_load_perc,gpu_temp_cels"},
}};

/// A line of a file, without the additional fields and the end.
struct dataset_row {
  dataset_file file;
  std::string text;
};

/// Makes the rows. Except for samples, a row is made only when it differs from
/// the last one of its subject. For one thread.
class dataset_rows {
public:
  using time_point = std::chrono::system_clock::time_point;

  std::optional<dataset_row> join(const node_description& x, time_point now);
  void lose(const node_id& x);
  std::vector<dataset_row> report(const node_id& node, const node_report& x,
                                  time_point now);
  std::optional<dataset_row> moved(const logical_id& component,
                                   const endpoint& at, time_point now);
  void drop(const logical_id& component);

private:
  struct node_rows {
    std::uint32_t disk_tot_space = 0; ///< MiB
    std::string capabilities;
    std::string health;
  };

  std::map<node_id, node_rows> nodes_;
  std::map<logical_id, std::string> mappings_;
};

} // namespace edgeless
