// SPDX-License-Identifier: MIT
#include "tools/report/rows/failover.hpp"

#include "tools/report/harness/baselines.hpp"
#include "tools/report/harness/failover_cluster.hpp"
#include "tools/report/harness/stream.hpp"
#include "tools/report/parts.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

constexpr auto timeout = 20s;
/// Of what is measured with keep-alives.
constexpr auto period = 250ms;

caf::error too_late(const std::string& what) {
  return fail(ec::unreachable, what);
}

// -- one function, and its node dies ------------------------------------------

/// What one end of a node took, in seconds.
struct takeover {
  double detected = 0; ///< the orchestrator counts it as lost
  double handled = 0;  ///< the first event of the replacement has arrived
};

/// Strikes the member where the middle lives with a signal, while events flow.
/// Then the member is started again.
caf::expected<takeover> strike(stage& place, int number) {
  auto old = place.sink().last().source;
  auto victim = place.member(old.node);
  if (!victim)
    return too_late("no event has come");
  // Not in step with keep-alives, and all at rest.
  std::this_thread::sleep_for(
    20ms + std::chrono::microseconds{os_random()() % 100'000});
  takeover result;
  auto lost = place.counts().nodes_lost.load();
  auto begin = clock::now();
  place.signal(*victim, number);
  if (!comes_true(timeout, [&] { return place.counts().nodes_lost > lost; }))
    return too_late("a dead node is not noticed");
  result.detected = seconds_since(begin);
  if (!comes_true(timeout, [&] { return place.sink().last().source != old; }))
    return too_late("a dead node is not replaced");
  std::chrono::duration<double> taken = place.sink().last().since - begin;
  result.handled = taken.count();
  place.reap(*victim);
  if (auto problem = place.add(*victim))
    return problem;
  return result;
}

/// Both members have had the function once it has been struck so often.
caf::expected<std::vector<takeover>> strikes(const plan& how, std::size_t often,
                                             int number) {
  constexpr std::size_t warm_up = 2;
  auto place = stage::make(how.scratch / "failover", period);
  if (!place)
    return place.error();
  for (std::size_t i : {0, 1})
    if (auto problem = (*place)->add(i))
      return problem;
  auto middle = (*place)->function(relay_module(), {0, 1});
  if (auto problem = (*place)->host_line(middle))
    return problem;
  stream events{(*place)->front(), (*place)->source(), 1000};
  if (!comes_true(timeout, [&] { return (*place)->sink().last().events > 0; }))
    return too_late("no event comes");
  std::vector<takeover> result;
  for (std::size_t i = 0; i < often + warm_up; ++i) {
    auto taken = strike(**place, number);
    if (!taken)
      return taken.error();
    if (i >= warm_up)
      result.push_back(*taken);
  }
  return result;
}

std::vector<double> pick(const std::vector<takeover>& all,
                         double takeover::*part) {
  std::vector<double> result;
  for (auto& x : all)
    result.push_back(x.*part);
  return result;
}

/// A row of all samples, and one of their p99.
rows p50_and_p99(const std::string& what, const std::string& aim,
                 std::vector<double> samples, const floor& beside) {
  auto top = quantile(samples, 0.99);
  return {{what + ", p50", unit::seconds, std::move(samples), beside, {}},
          {what + ", p99" + aim, unit::seconds, {top}, beside, {}}};
}

rows kills(const plan& how, const floor& eof) {
  auto often = how.quick ? 4u : 200u;
  auto what = "kill -9 of a node to ";
  auto all = strikes(how, often, SIGKILL);
  if (!all)
    return with_failure({{what + std::string{"its replacement"}}},
                        explain(all.error()));
  auto result = p50_and_p99(what + std::string{"its detection"}, "",
                            pick(*all, &takeover::detected), eof);
  append(result,
         p50_and_p99(what + std::string{"the first event of its replacement"},
                     " (aim: 50 ms)", pick(*all, &takeover::handled), eof));
  return result;
}

rows silence(const plan& how) {
  auto often = how.quick ? 3u : 50u;
  std::string what = "a node falls silent, to the first event of its "
                     "replacement";
  auto all = strikes(how, often, SIGSTOP);
  if (!all)
    return with_failure({{what}}, explain(all.error()));
  floor beside{"keep-alive period",
               std::chrono::duration<double>(period).count()};
  return p50_and_p99(what, " (aim: 3 periods)", pick(*all, &takeover::handled),
                     beside);
}

// -- a thousand functions -----------------------------------------------------

/// A stage whose first member has all of them, and two others are idle, with
/// the module in their caches.
caf::expected<std::unique_ptr<stage>>
too_many_connections(const plan& how, std::size_t count,
                     workflow_id& workflow) {
  auto place = stage::make(how.scratch / "failover", 2s);
  if (!place)
    return place.error();
  std::vector<component_spec> all;
  for (std::size_t i = 0; i < 3; ++i) {
    if (auto problem = (*place)->add(i))
      return problem;
    auto first = (*place)->function(flow_module(), {i});
    if (auto warm = (*place)->host({first}); !warm)
      return warm.error();
    if (i > 0)
      continue;
    // All of them before the others are there.
    for (std::size_t k = 0; k < count; ++k) {
      all.push_back((*place)->function(flow_module(), {0, 1, 2}));
      all.back().workflow = all.front().workflow;
    }
    if (auto hosted = (*place)->host(all); !hosted)
      return hosted.error();
  }
  workflow = all.front().workflow;
  return std::move(*place);
}

caf::error rehome(stage& place, std::size_t count, const workflow_id& workflow,
                  row& taken, row& least) {
  auto moved = place.counts().relocations.load();
  std::this_thread::sleep_for(100ms);
  auto begin = clock::now();
  place.signal(0, SIGKILL);
  // The one that warmed the cache has nowhere to go.
  auto done = [&] {
    return place.counts().relocations >= moved + count;
  };
  if (!comes_true(timeout, done))
    return too_late("not all are re-homed");
  taken.samples.push_back(seconds_since(begin));
  auto homes = place.inspect(workflow);
  if (!homes)
    return homes.error();
  std::map<node_id, std::size_t> per_node;
  for (auto& x : *homes)
    ++per_node[x.node];
  std::size_t fewest = per_node.size() == 2 ? count : 0;
  for (auto& [node, n] : per_node)
    fewest = std::min(fewest, n);
  least.samples.push_back(static_cast<double>(fewest));
  return caf::none;
}

rows crowd(const plan& how) {
  std::size_t count = how.quick ? 200 : 1000;
  auto many = std::to_string(count) + " functions";
  rows result{
    {many + " of a killed node, all re-homed (aim: 1 s)", unit::seconds},
    {many + ", what the emptier of two nodes took over", unit::count}};
  for (std::size_t i = 0; i < how.repeats(5); ++i) {
    workflow_id workflow;
    auto place = too_many_connections(how, count, workflow);
    auto problem = place
                     ? rehome(**place, count, workflow, result[0], result[1])
                     : place.error();
    if (problem)
      return with_failure(std::move(result), explain(problem));
  }
  result[1].floor = {"a fair share", static_cast<double>(count) / 2};
  return result;
}

// -- what the dead one knew ---------------------------------------------------

std::uint32_t number_in(const std::string& payload) {
  std::uint32_t result = 0;
  if (payload.size() == sizeof result)
    std::memcpy(&result, payload.data(), sizeof result);
  return result;
}

/// Some events, a pause in which the last state is surely synced, a kill, and
/// events until one arrives: whether its number follows the last one. What is
/// sent to the dead node before the source hears of its end is lost, and was
/// never an event of the function.
caf::expected<bool> goes_on(stage& place) {
  auto before = place.sink().last();
  for (int i = 0; i < 10; ++i)
    place.cast();
  if (!comes_true(timeout, [&] {
        return place.sink().last().events >= before.events + 10;
      }))
    return too_late("events do not come");
  std::this_thread::sleep_for(5 * limits::sync_pause);
  auto known = place.sink().last();
  auto victim = place.member(known.source.node);
  if (!victim)
    return too_late("it lives nowhere");
  auto moved = place.counts().relocations.load();
  place.reap(*victim);
  if (!comes_true(timeout, [&] { return place.counts().relocations > moved; }))
    return too_late("it is not replaced");
  auto due = clock::now();
  if (!comes_true(timeout, [&] {
        if (clock::now() >= due) {
          place.cast();
          due += 10ms;
        }
        return place.sink().last().source != known.source;
      }))
    return too_late("its replacement does not answer");
  auto next = number_in(place.sink().last().first);
  if (auto problem = place.add(*victim))
    return problem;
  return next == number_in(known.payload) + 1;
}

rows continuity(const plan& how) {
  row result{"part of crashes after which a state went on (must be 1)",
             unit::count};
  auto measure = [&]() -> caf::error {
    auto place = stage::make(how.scratch / "failover", period);
    if (!place)
      return place.error();
    for (std::size_t i : {0, 1})
      if (auto problem = (*place)->add(i))
        return problem;
    auto middle = (*place)->function(keeper_module(), {0, 1});
    middle.settings["state_policy"] = "Global";
    if (auto problem = (*place)->host_line(middle))
      return problem;
    for (std::size_t i = 0; i < how.repeats(25); ++i) {
      auto kept = goes_on(**place);
      if (!kept)
        return kept.error();
      result.samples.push_back(*kept);
      if (!*kept)
        result.failure = "a state was lost";
    }
    return caf::none;
  };
  if (auto problem = measure())
    return with_failure({result}, explain(problem));
  return {result};
}

// -- nobody dies --------------------------------------------------------------

rows false_alarms(const plan& how) {
  auto length = how.quick ? 3s : 20s;
  auto what = "false alarms in " + std::to_string(length.count())
              + " s, keep-alive 50 ms, all cores busy with guests";
  auto measure = [&]() -> caf::expected<std::uint64_t> {
    auto place = stage::make(how.scratch / "failover", 50ms);
    if (!place)
      return place.error();
    for (std::size_t i : {0, 1}) {
      if (auto problem = (*place)->add(i))
        return problem;
      for (unsigned k = 0; k < std::thread::hardware_concurrency(); ++k) {
        auto spinner = (*place)->function(spinner_module(), {i});
        spinner.settings["timeout_ms"] = "600000";
        if (auto hosted = (*place)->host({spinner}); !hosted)
          return hosted.error();
      }
    }
    std::this_thread::sleep_for(length);
    return (*place)->counts().nodes_lost.load();
  };
  auto count = measure();
  if (!count)
    return with_failure({{what, unit::count}}, explain(count.error()));
  return {must_be_zero(what, *count)};
}

} // namespace

rows failover(const plan& how) {
  auto eof = kill_to_eof(how);
  rows result{tcp_round_trip(how), eof, synced_write(how)};
  append(result,
         kills(how, {"kill -9 to end of connection", median(eof.samples)}));
  append(result, silence(how));
  append(result, crowd(how));
  append(result, continuity(how));
  append(result, adoption(how));
  append(result, false_alarms(how));
  return result;
}

} // namespace edgeless::benchmark
