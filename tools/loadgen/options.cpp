// SPDX-License-Identifier: MIT
#include "tools/loadgen/options.hpp"

namespace edgeless::benchmark {

namespace {

void add_experiment(CLI::App& app, load_options& x) {
  app
    .add_option("--arrival-model", x.arrivals.model,
                "When workflows come: poisson, incremental, incr-and-keep, "
                "single, trace")
    ->capture_default_str();
  app
    .add_option("--warmup", x.arrivals.warmup,
                "No samples before that, in s; the time in which incr-and-keep "
                "adds workflows")
    ->capture_default_str();
  app
    .add_option("-d,--duration", x.arrivals.duration,
                "How long the experiment takes, in s")
    ->capture_default_str();
  app
    .add_option("-l,--lifetime", x.arrivals.lifetime,
                "How long a workflow lives on average, in s")
    ->capture_default_str();
  app
    .add_option("-i,--interarrival", x.arrivals.interarrival,
                "The pause between two workflows on average, in s")
    ->capture_default_str();
  app.add_option("--workload-trace", x.workload_trace,
                 "For the model trace: lines ARRIVAL,END in s");
  app.add_option("-s,--seed", x.seed, "Of all that chance decides")
    ->capture_default_str();
  app
    .add_option("-w,--wf-type", x.wf_type,
                "What workflows are like; \"help\" lists the types")
    ->capture_default_str();
  app.add_flag("-k,--keep-workflows", x.keep_workflows,
               "Do not stop those that still run at the end");
  app
    .add_option("--max-workflows", x.max_workflows,
                "More at the same time are not started, and count as blocked")
    ->check(CLI::Range(std::size_t{1}, load_limits::workflows_max))
    ->capture_default_str();
}

void add_results(CLI::App& app, load_options& x) {
  app
    .add_option("-r,--redis-url", x.redis_url,
                "Where the metrics-collector writes; \"\": nothing is read "
                "from there")
    ->capture_default_str();
  app
    .add_option("--output", x.output,
                "The samples go to this file, in CSV; \"\": to none")
    ->capture_default_str();
  app.add_option("--events", x.events,
                 "Requests and answers go to this file, in CSV");
  app.add_option("--report", x.report,
                 "The final report goes to this file, in JSON");
  app.add_flag("--append", x.append, "Append to the files");
  app.add_option("--additional-fields", x.additional_fields,
                 "Values that stand before each row of the files");
  app.add_option("--additional-header", x.additional_header,
                 "...and their names");
}

} // namespace

void add_load_options(CLI::App& app, load_options& x) {
  app
    .add_option("-c,--controller-url", x.controller_url,
                "Whom to ask for workflows")
    ->capture_default_str();
  app.add_option("--config", x.config,
                 "A cli.toml: the certificates of its [tls] are used");
  app.add_flag("--insecure", x.insecure,
               "Speak plain TCP to a controller beyond this machine");
  add_experiment(app, x);
  add_results(app, x);
  // Nobody dials us, and the collector is part of each workflow.
  static std::string unused;
  for (auto name :
       {"-o,--orchestrator-url", "-b,--bind-address", "--single-trigger-wasm"})
    app.add_option(name, unused, "Accepted for EDGELESS' sake; not used");
}

} // namespace edgeless::benchmark
