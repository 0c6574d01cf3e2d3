// SPDX-License-Identifier: MIT
#include "tools/loadgen/experiment.hpp"

#include "tools/loadgen/random.hpp"
#include "tools/loadgen/run.hpp"

#include "runtime/base/files.hpp"
#include "runtime/config/plaintext_policy.hpp"

#include <fstream>
#include <iostream>

namespace edgeless::benchmark {

namespace {

caf::expected<arrival_model> open_arrivals(const load_options& x) {
  std::string trace;
  if (x.arrivals.model == "trace") {
    if (x.workload_trace.empty())
      return fail(ec::bad_input,
                  "the arrival model \"trace\" requires --workload-trace");
    auto text = read_file(x.workload_trace, limits::configuration);
    if (!text)
      return text.error();
    trace = std::move(*text);
  }
  return arrival_model::make(x.arrivals, trace, seeded_random(x.seed));
}

/// Without Redis the workflows run, but their transactions are unknown.
void open_redis(load_parts& x) {
  if (x.options.redis_url.empty()) {
    x.no_redis_because = "there is no --redis-url";
    return;
  }
  auto opened = edgeless::open_redis(x.options.redis_url);
  if (!opened) {
    x.no_redis_because = explain(opened.error());
    return;
  }
  x.redis = std::make_unique<collector_reader>(std::move(*opened));
  if (auto problem = x.redis->ping()) {
    x.no_redis_because = explain(problem);
    x.redis.reset();
    std::cerr << "no samples: " << x.no_redis_because << std::endl;
  }
}

caf::expected<dataset> open_samples(const load_options& x,
                                    const dataset_prefix& prefix) {
  constexpr auto columns = "entity,name,value,timestamp";
  if (x.dataset_path.empty())
    return dataset::open(x.output, prefix, columns, x.append);
  auto plain = make_plain_prefix(x.additional_header, x.additional_fields);
  if (!plain)
    return plain.error();
  return dataset::open(x.dataset_path + "application_metrics.csv", *plain,
                       columns, x.append);
}

caf::expected<load_parts> make_parts(const load_options& x) {
  auto prefix = make_prefix(x.additional_header, x.additional_fields, x.seed);
  if (!prefix)
    return prefix.error();
  auto arrivals = open_arrivals(x);
  if (!arrivals)
    return arrivals.error();
  auto source = open_source(x.wf_type);
  if (!source)
    return source.error();
  auto samples = open_samples(x, *prefix);
  if (!samples)
    return samples.error();
  auto events = dataset::open(x.events, *prefix,
                              "timestamp,metric,target,value", x.append);
  if (!events)
    return events.error();
  return load_parts{x,
                    std::move(*source),
                    std::move(*arrivals),
                    std::move(*samples),
                    std::move(*events),
                    nullptr,
                    ""};
}

caf::error write_report(const std::string& file, const load_result& x) {
  if (file.empty())
    return caf::none;
  std::ofstream out{file};
  out << benchmark::json_of(x) << '\n';
  return out.flush() ? caf::error{}
                     : fail(ec::system_failure, "cannot write " + file);
}

/// The certificates for this controller; nothing if it is on this machine.
caf::expected<std::shared_ptr<tls_context>>
open_tls_context(const load_options& x) {
  tls_settings tls;
  if (!x.config.empty()) {
    auto settings = load_cli_settings(x.config);
    if (!settings)
      return settings.error();
    tls = settings->tls;
  }
  tls.insecure = tls.insecure || x.insecure;
  if (auto problem
      = check_plaintext_policy(tls, {{"--controller-url", x.controller_url}}))
    return problem;
  return edgeless::open_tls_context(tls, {peer_role::client, ""});
}

caf::error close(dataset& x) {
  if (x.discarded() > 0)
    return fail(ec::exhausted,
                std::to_string(x.discarded())
                  + " rows were discarded: a file has at most 1 GiB");
  return x.flush();
}

} // namespace

caf::error run_experiment(const load_options& x) {
  auto parts = make_parts(x);
  if (!parts)
    return parts.error();
  auto tls = open_tls_context(x);
  if (!tls)
    return tls.error();
  load_controller controller{std::move(*tls)};
  if (auto problem = controller.dial(x.controller_url))
    return problem;
  open_redis(*parts);
  load_run experiment{std::move(*parts), controller};
  auto result = experiment.run();
  std::cout << text_of(result) << std::flush;
  if (auto problem = write_report(x.report, result))
    return problem;
  if (auto problem = close(experiment.parts().samples))
    return problem;
  return close(experiment.parts().events);
}

} // namespace edgeless::benchmark
