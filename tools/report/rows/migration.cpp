// SPDX-License-Identifier: MIT
#include "tools/report/harness/in_process/migration_domain.hpp"
#include "tools/report/harness/in_process/stream.hpp"
#include "tools/report/harness/processes/redis_child.hpp"
#include "tools/report/parts.hpp"
#include "tools/report/percentiles.hpp"

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

// -- a stream during migrations -----------------------------------------------

/// The beginnings of the time windows of a stream, and the end of the last one:
/// first windows without migrations, then as many with one migration each.
struct schedule {
  std::size_t windows = 0;
  std::vector<clock::time_point> begins;
  caf::error problem;
};

schedule drive(const plan& how, migration_domain& place) {
  schedule result;
  result.windows = how.quick ? 10 : 100;
  auto length = how.quick ? 60ms : 100ms;
  std::this_thread::sleep_for(how.pace());
  for (std::size_t i = 0; i <= 2 * result.windows; ++i) {
    result.begins.push_back(clock::now());
    if (i == 2 * result.windows)
      break;
    if (i >= result.windows)
      result.problem = place.migrate();
    if (result.problem)
      break;
    std::this_thread::sleep_until(result.begins.back() + length);
  }
  return result;
}

/// Waits until all events have arrived, or none has for 3 s, which is longer
/// than any hold-back timeout.
std::vector<event_log::entry> drain(migration_domain& place,
                                    std::uint64_t sent) {
  auto known = place.sink().size();
  auto deadline = clock::now() + 3s;
  while (known < sent && clock::now() < deadline) {
    std::this_thread::sleep_for(10ms);
    if (auto now = place.sink().size(); now != known) {
      known = now;
      deadline = clock::now() + 3s;
    }
  }
  // Duplicates may arrive later.
  std::this_thread::sleep_for(100ms);
  return place.sink().take();
}

rows pauses(const plan& how, migration_domain& place, double rate) {
  auto at = "at " + readable(rate, unit::per_second);
  std::string what = "migration pause " + at;
  stream events{place.front(), place.source(), rate};
  auto times = drive(how, place);
  auto sent = events.stop();
  auto entries = drain(place, sent);
  if (times.problem)
    return {{what, unit::seconds, {}, {}, explain(times.problem)}};
  std::vector<double> undisturbed, migrating;
  for (std::size_t i = 0; i < 2 * times.windows; ++i) {
    auto gap = longest_gap(entries, times.begins[i], times.begins[i + 1]);
    (i < times.windows ? undisturbed : migrating)
      .push_back(std::max(gap - 1 / rate, 1e-9));
  }
  constexpr auto baseline_name = "no migration";
  auto result = p50_and_p99_rows(what, std::move(migrating), " (aim: 5 ms)");
  result[0].baseline = {baseline_name, quantile(undisturbed, 0.5)};
  result[1].baseline = {baseline_name, quantile(undisturbed, 0.99)};
  auto found = delivery_stats_of(entries, sent);
  auto when = " " + at + " in " + std::to_string(times.windows) + " moves";
  for (auto& [what, count] : {std::pair{"lost", found.lost},
                              std::pair{"duplicated", found.duplicated},
                              std::pair{"out of order", found.out_of_order}}) {
    auto line = must_be_zero("events " + std::string{what} + when, count);
    line.baseline = {"events sent", static_cast<double>(sent)};
    result.push_back(std::move(line));
  }
  return result;
}

// -- migrations alone
// --------------------------------------------------------------

/// Seconds per migration.
caf::expected<std::vector<double>> migrations(const plan& how,
                                              migration_domain& place) {
  std::vector<double> result;
  for (std::size_t i = 0; i < how.repeats(100); ++i) {
    auto begin = clock::now();
    if (auto problem = place.migrate())
      return problem;
    result.push_back(seconds_since(begin));
  }
  return result;
}

/// Rates of ten migrations each.
row migration_rate(const caf::expected<std::vector<double>>& each) {
  row result{"moves, one after the other"};
  if (!each) {
    result.failure = explain(each.error());
    return result;
  }
  double sum = 0;
  for (std::size_t i = 0; i < each->size(); ++i) {
    sum += (*each)[i];
    if (i % 10 == 9)
      result.samples.push_back(10 / std::exchange(sum, 0));
  }
  return result;
}

// -- intents ------------------------------------------------------------------

/// Seconds from the push of an intent until the key of the function names the
/// other node.
caf::expected<double> migrate_by_intent(redis_child& server,
                                        migration_domain& place) {
  auto intent_key = "intent:migrate:" + to_string(place.middle());
  auto instance_key = "instance:" + to_string(place.middle());
  auto to = to_string(place.other_node());
  auto begin = clock::now();
  auto pushed = server.connection().run(
    {{"SET", intent_key, to}, {"RPUSH", "intents", intent_key}});
  if (!pushed)
    return pushed.error();
  while (clock::now() < begin + 10s) {
    auto found = server.run({"GET", instance_key});
    if (!found)
      return found.error();
    if (found->text.find(to) != std::string::npos) {
      place.on_migrated();
      return seconds_since(begin);
    }
    std::this_thread::sleep_for(50us);
  }
  return fail(ec::unreachable, "an intent was not done within 10 s");
}

caf::expected<std::vector<double>> intent_latencies(const plan& how) {
  auto server = redis_child::spawn(how.scratch / "redis");
  if (!server)
    return server.error();
  auto place = migration_domain::make(
    how.scratch / "mirrored",
    [url = (*server)->url()] { return open_redis(url); });
  if (!place)
    return place.error();
  std::vector<double> result;
  for (std::size_t i = 0; i <= how.repeats(100); ++i) {
    auto taken = migrate_by_intent(**server, **place);
    if (!taken)
      return taken.error();
    if (i > 0) // after a warm-up
      result.push_back(*taken);
    std::this_thread::sleep_for(10ms);
  }
  return result;
}

rows intent_rows(const plan& how,
                 const caf::expected<std::vector<double>>& direct) {
  auto what = "intent in Redis to moved in Redis";
  auto taken = intent_latencies(how);
  if (!taken)
    return {{what, unit::seconds, {}, {}, explain(taken.error())}};
  auto result = p50_and_p99_rows(what, *taken);
  if (direct) {
    result[0].baseline = {"move without Redis", quantile(*direct, 0.5)};
    result[1].baseline = {"move without Redis", quantile(*direct, 0.99)};
  }
  return result;
}

} // namespace

rows migration(const plan& how) {
  rows result;
  caf::expected<std::vector<double>> each{std::vector<double>{}};
  if (auto place = migration_domain::make(how.scratch / "domain")) {
    for (auto rate : {1000.0, 10'000.0})
      append(result, pauses(how, **place, rate));
    each = migrations(how, **place);
  } else {
    each = place.error();
    result.push_back(
      {"migration pause", unit::seconds, {}, {}, explain(place.error())});
  }
  result.push_back(migration_rate(each));
  append(result, intent_rows(how, each));
  return result;
}

} // namespace edgeless::benchmark
