// SPDX-License-Identifier: MIT
#include "tools/loadgen/options.hpp"

namespace edgeless::benchmark {

namespace {

void add_experiment(CLI::App& app, load_options& x) {
  app
    .add_option("--arrival-model", x.arrivals.model,
                "When workflows start: poisson, incremental, incr-and-keep, "
                "single, trace")
    ->capture_default_str();
  app
    .add_option("--warmup", x.arrivals.warmup,
                "Discard samples before this time, in s; incr-and-keep adds "
                "workflows until then")
    ->capture_default_str();
  app
    .add_option("-d,--duration", x.arrivals.duration,
                "How long the experiment takes, in s")
    ->capture_default_str();
  app
    .add_option("-l,--lifetime", x.arrivals.lifetime,
                "Mean lifetime of a workflow, in s")
    ->capture_default_str();
  app
    .add_option("-i,--interarrival", x.arrivals.interarrival,
                "Mean time between two arrivals, in s")
    ->capture_default_str();
  app.add_option("--workload-trace", x.workload_trace,
                 "For the model trace: lines ARRIVAL,END in s");
  app.add_option("-s,--seed", x.seed, "Seed of all random draws")
    ->capture_default_str();
  app
    .add_option("-w,--wf-type", x.wf_type,
                "Type of the workflows; \"help\" lists the types")
    ->capture_default_str();
  app.add_flag("-k,--keep-workflows", x.keep_workflows,
               "Do not stop the workflows that run at the end");
  app
    .add_option("--max-workflows", x.max_workflows,
                "Workflows at the same time; further ones count as blocked")
    ->check(CLI::Range(std::size_t{1}, load_limits::workflows_max))
    ->capture_default_str();
}

void add_results(CLI::App& app, load_options& x) {
  app
    .add_option("-r,--redis-url", x.redis_url,
                "Redis of the metrics-collector; \"\": do not read samples")
    ->capture_default_str();
  auto* output
    = app
        .add_option("--output", x.output,
                    "Write the samples to this CSV file; \"\": to none")
        ->capture_default_str();
  app
    .add_option("--dataset-path", x.dataset_path,
                "Write the samples to PATHapplication_metrics.csv instead, as "
                "EDGELESS 1.0 does")
    ->excludes(output);
  app.add_option("--events", x.events,
                 "Write requests and responses to this CSV file");
  app.add_option("--report", x.report,
                 "Write the final report to this JSON file");
  app.add_flag("--append", x.append, "Append to the CSV files");
  app.add_option("--additional-fields", x.additional_fields,
                 "Values of additional columns, before the others");
  app.add_option("--additional-header", x.additional_header,
                 "Names of the additional columns");
}

} // namespace

void add_load_options(CLI::App& app, load_options& x) {
  app
    .add_option("-c,--controller-url", x.controller_url,
                "URL of the controller")
    ->capture_default_str();
  app.add_option("--config", x.config,
                 "A cli.toml whose [tls] section names the certificates");
  app.add_flag("--insecure", x.insecure,
               "Use plain TCP to a controller on another machine");
  add_experiment(app, x);
  add_results(app, x);
  // No component connects to this program, and each workflow has its own
  // metrics-collector.
  static std::string unused;
  for (auto name :
       {"-o,--orchestrator-url", "-b,--bind-address", "--single-trigger-wasm"})
    app.add_option(name, unused,
                   "Accepted for compatibility with EDGELESS; not used");
}

} // namespace edgeless::benchmark
