// SPDX-License-Identifier: MIT
#include "tools/report/harness/baselines/baselines.hpp"
#include "tools/report/harness/in_process/encryption.hpp"
#include "tools/report/harness/in_process/modules.hpp"
#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/harness/processes/peer.hpp"
#include "tools/report/parts.hpp"
#include "tools/report/percentiles.hpp"

#include <cstring>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t calls_per_round = 4000;
constexpr std::uint32_t payload_size = 64;

/// Seconds per call, from the report of timed_caller.wat; empty if a call
/// failed.
std::vector<double> read_report(const std::string& report) {
  std::vector<double> result;
  for (std::size_t at = 0; at + 4 <= report.size(); at += 4) {
    std::uint32_t nanoseconds;
    std::memcpy(&nanoseconds, report.data() + at, 4);
    if (nanoseconds == ~0u)
      return {};
    result.push_back(nanoseconds * 1e-9);
  }
  return result;
}

/// Rounds of calls to `target`; a sample is a percentile of a round.
rows measure(const plan& how, node& host, const endpoint& target,
             const std::string& where) {
  auto result = percentile_rows("call " + where);
  auto box = std::make_shared<mailbox>();
  output_map outputs{
    1, {{"out", target}, {"report", host.endpoint_of(host.add_sink(box))}}};
  auto asker = draw<physical_id>(os_random());
  auto spec = host.function(timed_caller_module(),
                            numbers({calls_per_round, payload_size}));
  auto problem = host.start(asker, spec, outputs);
  for (std::size_t i = 0; i <= how.repeats(20) && !problem; ++i) {
    host.cast(asker, "go");
    auto report = box->take(20s);
    auto round = report ? read_report(report->payload) : std::vector<double>{};
    if (round.empty())
      problem = fail(ec::unreachable,
                     "a call failed, or the calls took more than 20 s");
    if (i > 0) // after a warm-up
      add_round(result, round);
  }
  return problem ? with_failure(std::move(result), explain(problem)) : result;
}

/// `certificates`: the folder of the certificate authority; empty: no
/// encryption.
rows measure_between_nodes(const plan& how, const std::string& where,
                           const std::filesystem::path& certificates) {
  auto failed = [&](const caf::error& why) {
    return rows{{"call " + where, unit::seconds, {}, {}, explain(why)}};
  };
  auto id = draw<node_id>(os_random());
  auto tls = certificate_of(id, certificates);
  if (!tls)
    return failed(tls.error());
  node host{how.scratch / "code", id, false, std::move(*tls)};
  peer_task task;
  task.self = {draw<node_id>(os_random()), draw<physical_id>(os_random())};
  task.certificates = certificates;
  auto remote = peer::spawn(how.scratch / "peer", task);
  if (!remote)
    return failed(remote.error());
  return measure(how, host, (*remote)->target(), where);
}

void add(rows& all, rows more, const row& bare, const std::string& name) {
  for (std::size_t i = 0; i < more.size(); ++i) {
    more[i].baseline = {name, quantile(bare.samples, percentiles[i].below)};
    all.push_back(std::move(more[i]));
  }
}

} // namespace

rows calls(const plan& how) {
  rows result;
  node host{how.scratch / "code", draw<node_id>(os_random())};
  auto target = draw<physical_id>(os_random());
  if (auto problem
      = host.start(target, host.function(burst_module(), numbers({0, 0, 0}))))
    return {{"calls", unit::seconds, {}, {}, explain(problem)}};
  auto request = caf_request(how);
  add(result, measure(how, host, host.endpoint_of(target), "in one node"),
      request, "CAF request");
  auto raw = tcp_round_trip(how);
  add(result, measure_between_nodes(how, "between two node processes", {}), raw,
      "TCP round trip");
  add(result,
      measure_between_nodes(how, "between two node processes, encrypted",
                            how.scratch / "certificates"),
      raw, "TCP round trip");
  return result;
}

} // namespace edgeless::benchmark
