// SPDX-License-Identifier: MIT
#pragma once

#include "messages/event.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace edgeless {

/// What a node offers. The names are those of EDGELESS' Redis schema.
struct node_capabilities {
  std::uint32_t num_cpus = 0;
  std::string model_name_cpu;
  /// In MHz; EDGELESS calls it BogoMIPS.
  double clock_freq_cpu = 0;
  std::uint32_t num_cores = 0;
  std::uint32_t mem_size = 0; ///< MiB
  std::vector<std::string> labels;
  bool is_tee_running = false;
  bool has_tpm = false;
  std::vector<std::string> runtimes; ///< such as RUST_WASM
  std::uint32_t disk_tot_space = 0;  ///< MiB
  std::uint32_t num_gpus = 0;
  std::string model_name_gpu;
  std::uint32_t mem_size_gpu = 0; ///< MiB

  friend bool operator==(const node_capabilities&, const node_capabilities&)
    = default;
};
BOOST_DESCRIBE_STRUCT(node_capabilities, (),
                      (num_cpus, model_name_cpu, clock_freq_cpu, num_cores,
                       mem_size, labels, is_tee_running, has_tpm, runtimes,
                       disk_tot_space, num_gpus, model_name_gpu, mem_size_gpu))

/// The load of a node. Memory in kB; -1 where unknown. The names are those of
/// EDGELESS: the first nine of its documentation, the others of v1.0 and later.
struct node_health {
  std::int32_t cpu_usage = -1; ///< percent of all CPUs
  std::int32_t cpu_load = -1;  ///< number of busy CPUs
  std::int32_t mem_free = -1;
  std::int32_t mem_used = -1;
  std::int32_t mem_total = -1;
  std::int32_t mem_available = -1;
  std::int32_t proc_cpu_usage = -1; ///< percent of one CPU
  std::int32_t proc_memory = -1;
  std::int32_t proc_vmemory = -1;
  // 0 where this machine has no such thing.
  std::int32_t load_avg_1 = 0; ///< runnable tasks in hundredths, over 1 min
  std::int32_t load_avg_5 = 0;
  std::int32_t load_avg_15 = 0;
  std::int64_t tot_rx_bytes = 0; ///< all interfaces, since boot
  std::int64_t tot_rx_pkts = 0;
  std::int64_t tot_rx_errs = 0;
  std::int64_t tot_tx_bytes = 0;
  std::int64_t tot_tx_pkts = 0;
  std::int64_t tot_tx_errs = 0;
  std::int64_t disk_free_space = 0; ///< bytes
  std::int64_t disk_tot_reads = 0;  ///< bytes, since boot
  std::int64_t disk_tot_writes = 0;
  std::int32_t gpu_load_perc = 0;
  std::int32_t gpu_temp_cels = 0; ///< thousandths of a degree Celsius
  std::int32_t active_power = 0;  ///< mW

  friend bool operator==(const node_health&, const node_health&) = default;
};
BOOST_DESCRIBE_STRUCT(node_health, (),
                      (cpu_usage, cpu_load, mem_free, mem_used, mem_total,
                       mem_available, proc_cpu_usage, proc_memory, proc_vmemory,
                       load_avg_1, load_avg_5, load_avg_15, tot_rx_bytes,
                       tot_rx_pkts, tot_rx_errs, tot_tx_bytes, tot_tx_pkts,
                       tot_tx_errs, disk_free_space, disk_tot_reads,
                       disk_tot_writes, gpu_load_perc, gpu_temp_cels,
                       active_power))

/// The provider of one class of resources on a node.
struct provider_description {
  std::string id; ///< such as file-log-1
  std::string class_type;
  std::vector<std::string> outputs;

  friend bool
  operator==(const provider_description&, const provider_description&)
    = default;
};
BOOST_DESCRIBE_STRUCT(provider_description, (), (id, class_type, outputs))

struct node_description {
  node_id id;
  std::string agent_url;
  std::string invocation_url;
  node_capabilities capabilities;
  std::vector<provider_description> providers;

  friend bool operator==(const node_description&, const node_description&)
    = default;
};
BOOST_DESCRIBE_STRUCT(node_description, (),
                      (id, agent_url, invocation_url, capabilities, providers))

/// One running instance, as its node reports it.
struct inventory_record {
  logical_id component;
  physical_id instance;
  workflow_id workflow;
  /// The fingerprint() of the spec with which it was started.
  std::uint64_t spec = 0;
  std::uint64_t outputs_revision = 0;
  /// It is frozen, or freezing, in a migration: waits for hand_over or thaw.
  bool frozen = false;
  /// The fingerprint_of_state() of the last synced state, if the state policy
  /// is Global; 0: none.
  std::uint64_t state = 0;

  friend bool operator==(const inventory_record&, const inventory_record&)
    = default;
};
BOOST_DESCRIBE_STRUCT(inventory_record, (),
                      (component, instance, workflow, spec, outputs_revision,
                       frozen, state))

using inventory = std::vector<inventory_record>;

/// Equal for equal sets of instances, independent of their order.
std::uint64_t digest(const inventory& records);
std::uint64_t digest(const physical_id& instance);

/// How many seconds an instance took for each event, oldest first.
struct execution_times {
  physical_id instance;
  std::vector<double> seconds;

  friend bool operator==(const execution_times&, const execution_times&)
    = default;
};
BOOST_DESCRIBE_STRUCT(execution_times, (), (instance, seconds))

/// A line that a function logged for measurements.
struct function_log {
  physical_id instance;
  std::int64_t when = 0; ///< microseconds since the Unix epoch
  std::string target;    ///< such as tbegin
  std::string text;

  friend bool operator==(const function_log&, const function_log&) = default;
};
BOOST_DESCRIBE_STRUCT(function_log, (), (instance, when, target, text))

/// The performance samples of a node since those that were acknowledged.
struct performance_samples {
  /// The number of this set; an unacknowledged set is sent again under its
  /// number.
  std::uint64_t number = 0;
  std::vector<execution_times> times;
  /// The number of samples and log lines that were dropped for lack of room.
  std::uint64_t omitted = 0;
  std::vector<function_log> logs;

  friend bool operator==(const performance_samples&, const performance_samples&)
    = default;
};
BOOST_DESCRIBE_STRUCT(performance_samples, (), (number, times, omitted, logs))

/// The answer to a keep-alive.
struct node_report {
  node_health health;
  /// The digest() of the inventory.
  std::uint64_t running = 0;
  performance_samples samples;
};
BOOST_DESCRIBE_STRUCT(node_report, (), (health, running, samples))

/// A session that has ended: everything sent in it is refused.
struct fenced_session {
  node_id node;
  session_id session;

  friend bool operator==(const fenced_session&, const fenced_session&)
    = default;
};
BOOST_DESCRIBE_STRUCT(fenced_session, (), (node, session))

using fenced_sessions = std::vector<fenced_session>;

/// The answer to a join.
struct welcome {
  session_id session;
  /// The interval in ms at which the orchestrator polls the node; 0: never.
  std::uint64_t keep_alive_ms = 0;
  /// The instances of its inventory that the node must stop: they have been
  /// replaced.
  std::vector<physical_id> stop;
};
BOOST_DESCRIBE_STRUCT(welcome, (), (session, keep_alive_ms, stop))

} // namespace edgeless
