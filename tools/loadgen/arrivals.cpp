// SPDX-License-Identifier: MIT
#include "tools/loadgen/arrivals.hpp"

#include "tools/loadgen/limits.hpp"
#include "tools/loadgen/random.hpp"

#include "messages/errors.hpp"

#include <charconv>
#include <cmath>

namespace edgeless::benchmark {

namespace {

caf::error bad_arrivals(const std::string& why) {
  return fail(ec::bad_input, why);
}

/// Whether it is an accepted duration in seconds; NaN is not.
bool is_duration(double x) {
  return x >= 0 && x <= load_limits::duration_max_s;
}

/// Nothing unless all of `text` is a duration, but for spaces around it.
std::optional<double> parse_time(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r'))
    text.remove_suffix(1);
  double result = 0;
  auto [end, error]
    = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size()
      || !is_duration(result))
    return std::nullopt;
  return result;
}

} // namespace

std::chrono::microseconds to_microseconds(double seconds) {
  return std::chrono::microseconds{std::llround(seconds * 1e6)};
}

caf::expected<arrival_model>
arrival_model::make(const arrival_settings& settings, std::string_view trace,
                    random_source random) {
  arrival_model result;
  result.settings_ = settings;
  result.random_ = std::move(random);
  if (auto problem = result.read(settings))
    return problem;
  if (result.kind_ == kind::trace)
    if (auto problem = result.read_trace(trace))
      return problem;
  return result;
}

caf::error arrival_model::read(const arrival_settings& x) {
  if (x.model == "poisson")
    kind_ = kind::poisson;
  else if (x.model == "incremental")
    kind_ = kind::incremental;
  else if (x.model == "incr-and-keep")
    kind_ = kind::incr_and_keep;
  else if (x.model == "single")
    kind_ = kind::single;
  else if (x.model == "trace")
    kind_ = kind::trace;
  else
    return bad_arrivals(
      "unknown arrival model \"" + x.model
      + "\": it is one of poisson, incremental, incr-and-keep, "
        "single, trace");
  auto bad_duration = [](const std::string& name) {
    return bad_arrivals(name
                        + " must be more than 0 and at most a month, in "
                          "seconds");
  };
  if (!is_duration(x.duration) || x.duration <= 0)
    return bad_duration("--duration");
  if (!is_duration(x.warmup) || x.warmup > x.duration)
    return bad_arrivals("--warmup must be from 0 to --duration, in seconds");
  auto periodic = kind_ != kind::single && kind_ != kind::trace;
  // Below the resolution of the clock, arrivals would never come to an end.
  if (periodic && (!is_duration(x.interarrival) || x.interarrival < 1e-6))
    return bad_duration("--interarrival");
  auto has_lifetime = kind_ == kind::poisson || kind_ == kind::incremental;
  if (has_lifetime && (!is_duration(x.lifetime) || x.lifetime <= 0))
    return bad_duration("--lifetime");
  return caf::none;
}

caf::error arrival_model::read_trace(std::string_view text) {
  std::size_t number = 0;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    ++number;
    if (line.empty() || line == "\r")
      continue;
    auto comma = line.find(',');
    auto from = parse_time(line.substr(0, comma));
    auto to
      = parse_time(comma == std::string_view::npos ? std::string_view{}
                                                   : line.substr(comma + 1));
    auto where = "--workload-trace, line " + std::to_string(number) + ": ";
    if (!from || !to)
      return bad_arrivals(where + "must be ARRIVAL,END in seconds");
    if (*to <= *from)
      return bad_arrivals(where + "ends before it begins");
    arrival x{to_microseconds(*from), to_microseconds(*to)};
    if (!trace_.empty() && x.begin < trace_.back().begin)
      return bad_arrivals(where + "comes before the line above");
    trace_.push_back(x);
  }
  if (trace_.empty())
    return bad_arrivals("--workload-trace names no workflow: its lines must be "
                        "ARRIVAL,END in seconds");
  return caf::none;
}

std::optional<arrival> arrival_model::next(std::chrono::microseconds now) {
  auto& x = settings_;
  auto number = count_++;
  auto at_end = to_microseconds(x.duration) + std::chrono::microseconds{1};
  auto regular = to_microseconds(x.interarrival) * number;
  switch (kind_) {
  case kind::poisson: {
    auto begin
      = now + to_microseconds(draw_exponential(random_, x.interarrival));
    return arrival{
      begin, begin + to_microseconds(draw_exponential(random_, x.lifetime))};
  }
  case kind::incremental:
    return arrival{regular, regular + to_microseconds(x.lifetime)};
  case kind::incr_and_keep:
    if (regular >= to_microseconds(x.warmup))
      return std::nullopt;
    return arrival{regular, at_end};
  case kind::single:
    if (number > 0)
      return std::nullopt;
    return arrival{std::chrono::microseconds{0}, at_end};
  default:
    if (number >= trace_.size())
      return std::nullopt;
    return trace_[number];
  }
}

} // namespace edgeless::benchmark
