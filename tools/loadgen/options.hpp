// SPDX-License-Identifier: MIT
#pragma once

#include "tools/loadgen/arrivals.hpp"
#include "tools/loadgen/limits.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>

namespace edgeless::benchmark {

/// The options of the load generator; times in seconds.
struct load_options {
  std::string controller_url = "http://127.0.0.1:7001";
  arrival_settings arrivals;
  std::string workload_trace;
  bool keep_workflows = false;
  std::uint64_t seed = 42;
  std::string wf_type
    = "single;functions/noop/function.json;functions/noop/noop.wasm";
  std::string redis_url = "redis://127.0.0.1:6379/";
  std::string output = "out.csv";
  /// Instead of `output`, in the format of EDGELESS 1.0; "": none.
  std::string dataset_path;
  std::string events;
  std::string report;
  bool append = false;
  std::string additional_fields;
  std::string additional_header;
  std::size_t max_workflows = load_limits::workflows;
  /// A cli.toml: its [tls] section names the certificates.
  std::string config;
  bool insecure = false;
};

/// Adds the options of EDGELESS' edgeless_benchmark, and those that it lacks.
void add_load_options(CLI::App& app, load_options& x);

} // namespace edgeless::benchmark
