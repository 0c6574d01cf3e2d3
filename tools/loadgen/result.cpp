// SPDX-License-Identifier: MIT
#include "tools/loadgen/result.hpp"

#include "tools/report/report.hpp"

#include <boost/json.hpp>

#include <sstream>

namespace edgeless::benchmark {

namespace {

std::string percentiles(const std::vector<double>& all) {
  auto one = [&](double part) {
    return readable(quantile(all, part), unit::seconds);
  };
  return "p50 " + one(0.5) + ", p99 " + one(0.99) + ", most " + one(1) + ", "
         + std::to_string(all.size()) + " samples";
}

boost::json::object json_of(const std::vector<double>& all) {
  return {{"samples", all.size()},
          {"p50_s", quantile(all, 0.5)},
          {"p99_s", quantile(all, 0.99)},
          {"p99.9_s", quantile(all, 0.999)},
          {"max_s", quantile(all, 1)}};
}

} // namespace

double load_result::blocking_probability() const {
  if (requested == 0)
    return 0;
  return 1 - static_cast<double>(started) / static_cast<double>(requested);
}

std::string text_of(const load_result& x) {
  std::ostringstream out;
  if (x.interrupted)
    out << "interrupted before its end\n";
  out << "workflow requested   = " << x.requested
      << "\nworkflow started     = " << x.started
      << "\nblocking probability = " << x.blocking_probability() << '\n';
  if (!x.starts.empty())
    out << "starts answered      = " << percentiles(x.starts) << '\n';
  if (!x.stops.empty())
    out << "stops answered       = " << percentiles(x.stops) << '\n';
  if (x.requested > 0)
    out << "latest start         = " << readable(x.latest, unit::seconds)
        << " after its time\n";
  if (x.stop_failures > 0)
    out << "not stopped          = " << x.stop_failures << " workflows\n";
  if (!x.unknown_because.empty()) {
    out << "transactions         = unknown: " << x.unknown_because << '\n';
    return out.str();
  }
  if (x.journals == 0) {
    out << "transactions         = none: no workflow has a "
           "metrics-collector\n";
    return out.str();
  }
  auto& sums = x.ledger;
  out << "transactions sent    = " << sums.sent
      << "\n  handled            = " << sums.handled
      << "\n  lost               = " << sums.lost
      << "\n    while starting   = " << sums.lost_at_start
      << "\n  doubled            = " << sums.duplicated
      << "\n  out of order       = " << sums.out_of_order
      << "\n  under way at stop  = " << sums.under_way << '\n';
  if (sums.unknown > 0)
    out << "  beyond the ledger  = " << sums.unknown << " lines\n";
  if (x.malformed_lines > 0)
    out << "  not understood     = " << x.malformed_lines << " lines\n";
  if (!x.latencies.empty())
    out << "transactions took    = " << percentiles(x.latencies) << '\n';
  return out.str();
}

std::string json_of(const load_result& x) {
  boost::json::object result{
    {"machine", machine()},
    {"interrupted", x.interrupted},
    {"workflow_requested", x.requested},
    {"workflow_started", x.started},
    {"blocking_probability", x.blocking_probability()},
    {"stop_failures", x.stop_failures},
    {"starts", json_of(x.starts)},
    {"stops", json_of(x.stops)},
    {"latest_start_s", x.latest},
    {"transaction_times", json_of(x.latencies)},
  };
  if (x.unknown_because.empty())
    result["ledger"] = {{"workflows", x.journals},
                        {"sent", x.ledger.sent},
                        {"handled", x.ledger.handled},
                        {"lost", x.ledger.lost},
                        {"lost_at_start", x.ledger.lost_at_start},
                        {"doubled", x.ledger.duplicated},
                        {"out_of_order", x.ledger.out_of_order},
                        {"under_way", x.ledger.under_way},
                        {"unknown", x.ledger.unknown + x.malformed_lines}};
  else
    result["ledger"] = {{"unknown_because", x.unknown_because}};
  return boost::json::serialize(result);
}

} // namespace edgeless::benchmark
