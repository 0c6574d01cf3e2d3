// SPDX-License-Identifier: MIT
#include "tools/report/harness/baselines/baselines.hpp"
#include "tools/report/harness/baselines/process_baselines.hpp"
#include "tools/report/harness/in_process/modules.hpp"
#include "tools/report/harness/in_process/stream.hpp"
#include "tools/report/harness/processes/failover_cluster.hpp"
#include "tools/report/parts.hpp"
#include "tools/report/percentiles.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

constexpr auto timeout = 20s;
constexpr auto keep_alive_interval = 250ms;

caf::error timed_out(const std::string& what) {
  return fail(ec::unreachable, what);
}

// -- one function, whose node fails ------------------------------------------

/// Seconds after the failure of a node.
struct failover_times {
  double detected = 0; ///< the orchestrator counts the node as lost
  double handled = 0;  ///< the first event of the replacement has arrived
};

/// Sends a signal to the node of the middle while events flow, and starts the
/// node again.
caf::expected<failover_times> fail_node(failover_cluster& cluster, int signal) {
  auto old = cluster.sink().last().source;
  auto failed = cluster.index_of(old.node);
  if (!failed)
    return timed_out("no event has arrived");
  // At a random time between two keep-alive requests, after the last start has
  // settled.
  std::this_thread::sleep_for(
    20ms + std::chrono::microseconds{os_random()() % 100'000});
  failover_times result;
  auto lost = cluster.counts().nodes_lost.load();
  auto begin = clock::now();
  cluster.signal(*failed, signal);
  if (!wait_until(timeout, [&] { return cluster.counts().nodes_lost > lost; }))
    return timed_out("the failure of a node was not detected within 20 s");
  result.detected = seconds_since(begin);
  if (!wait_until(timeout, [&] { return cluster.sink().last().source != old; }))
    return timed_out(
      "the function of a failed node was not relocated within 20 s");
  std::chrono::duration<double> taken = cluster.sink().last().since - begin;
  result.handled = taken.count();
  cluster.kill(*failed);
  if (auto problem = cluster.start_node(*failed))
    return problem;
  return result;
}

/// In a cluster of its own: a component whose nodes fail again and again is
/// suspected, and waits.
caf::expected<failover_times> fail_one_node(const plan& how, int signal) {
  auto cluster = failover_cluster::make(how.scratch, keep_alive_interval, 2);
  if (!cluster)
    return cluster.error();
  auto middle = (*cluster)->function(relay_module(), {0, 1});
  if (auto problem = (*cluster)->start_chain(middle))
    return problem;
  stream events{(*cluster)->front(), (*cluster)->source(), 1000};
  if (!wait_until(timeout,
                  [&] { return (*cluster)->sink().last().events > 0; }))
    return timed_out("no event arrived within 20 s");
  return fail_node(**cluster, signal);
}

/// The warm-up lets the nodes compile the module.
caf::expected<std::vector<failover_times>>
fail_nodes(const plan& how, std::size_t count, int signal) {
  std::vector<failover_times> result;
  for (std::size_t i = 0; i <= count; ++i) {
    auto taken = fail_one_node(how, signal);
    if (!taken)
      return taken.error();
    if (i > 0)
      result.push_back(*taken);
  }
  return result;
}

std::vector<double> pick(const std::vector<failover_times>& all,
                         double failover_times::*part) {
  std::vector<double> result;
  for (auto& x : all)
    result.push_back(x.*part);
  return result;
}

rows p50_and_p99(const std::string& what, const std::string& aim,
                 std::vector<double> samples, const baseline& compared_with) {
  auto result = p50_and_p99_rows(what, std::move(samples), "", aim);
  for (auto& x : result)
    x.baseline = compared_with;
  return result;
}

rows killed_nodes(const plan& how, const baseline& eof) {
  auto count = how.quick ? 4u : 200u;
  auto what = "kill -9 of a node to ";
  auto all = fail_nodes(how, count, SIGKILL);
  if (!all)
    return with_failure({{what + std::string{"its replacement"}}},
                        explain(all.error()));
  auto result = p50_and_p99(what + std::string{"its detection"}, "",
                            pick(*all, &failover_times::detected), eof);
  append(result, p50_and_p99(
                   what + std::string{"the first event of its replacement"},
                   " (aim: 50 ms)", pick(*all, &failover_times::handled), eof));
  return result;
}

rows stopped_nodes(const plan& how) {
  auto count = how.quick ? 3u : 50u;
  std::string what = "a node falls silent, to the first event of its "
                     "replacement";
  auto all = fail_nodes(how, count, SIGSTOP);
  if (!all)
    return with_failure({{what}}, explain(all.error()));
  baseline interval{"keep-alive period",
                    std::chrono::duration<double>(keep_alive_interval).count()};
  return p50_and_p99(what, " (aim: 3 periods)",
                     pick(*all, &failover_times::handled), interval);
}

// -- mass relocation -----------------------------------------------------

/// A cluster whose first node runs all functions, and whose two other nodes
/// have the module in their caches.
caf::expected<std::unique_ptr<failover_cluster>>
make_loaded_cluster(const plan& how, std::size_t count, workflow_id& workflow) {
  auto cluster = failover_cluster::make(how.scratch, 2s, 0);
  if (!cluster)
    return cluster.error();
  std::vector<component_spec> all;
  for (std::size_t i = 0; i < 3; ++i) {
    if (auto problem = (*cluster)->start_node(i))
      return problem;
    auto warm_up = (*cluster)->function(burst_module(), {i});
    if (auto warm = (*cluster)->start({warm_up}); !warm)
      return warm.error();
    if (i > 0)
      continue;
    // All of them are placed before the other nodes join.
    for (std::size_t k = 0; k < count; ++k) {
      all.push_back((*cluster)->function(burst_module(), {0, 1, 2}));
      all.back().workflow = all.front().workflow;
    }
    if (auto started = (*cluster)->start(all); !started)
      return started.error();
  }
  workflow = all.front().workflow;
  return std::move(*cluster);
}

caf::error relocate_all(failover_cluster& cluster, std::size_t count,
                        const workflow_id& workflow, row& duration,
                        row& fewest_per_node) {
  auto before = cluster.counts().relocations.load();
  std::this_thread::sleep_for(100ms);
  auto begin = clock::now();
  cluster.signal(0, SIGKILL);
  // The function that has filled the cache has no other feasible node.
  auto done = [&] {
    return cluster.counts().relocations >= before + count;
  };
  if (!wait_until(timeout, done))
    return timed_out("not all functions were relocated within 20 s");
  duration.samples.push_back(seconds_since(begin));
  auto placed = cluster.inspect(workflow);
  if (!placed)
    return placed.error();
  std::map<node_id, std::size_t> per_node;
  for (auto& x : *placed)
    ++per_node[x.node];
  std::size_t fewest = per_node.size() == 2 ? count : 0;
  for (auto& [node, n] : per_node)
    fewest = std::min(fewest, n);
  fewest_per_node.samples.push_back(static_cast<double>(fewest));
  return caf::none;
}

rows mass_relocation(const plan& how) {
  std::size_t count = how.quick ? 200 : 1000;
  auto many = std::to_string(count) + " functions";
  rows result{
    {many + " of a killed node, all relocated (aim: 1 s)", unit::seconds},
    {many + ", share of the emptier of two surviving nodes", unit::count}};
  for (std::size_t i = 0; i < how.repeats(5); ++i) {
    workflow_id workflow;
    auto cluster = make_loaded_cluster(how, count, workflow);
    auto problem
      = cluster ? relocate_all(**cluster, count, workflow, result[0], result[1])
                : cluster.error();
    if (problem)
      return with_failure(std::move(result), explain(problem));
  }
  result[1].baseline = {"an even share", static_cast<double>(count) / 2};
  return result;
}

// -- state ---------------------------------------------------

std::uint32_t number_in(const std::string& payload) {
  std::uint32_t result = 0;
  if (payload.size() == sizeof result)
    std::memcpy(&result, payload.data(), sizeof result);
  return result;
}

/// Casts some events, waits until the last state must have been synced, kills
/// the node, and casts until an event arrives. Whether its number follows the
/// last one. Events that are sent to the killed node before the source is
/// patched are lost, and the function has never handled them.
caf::expected<bool> state_survives(failover_cluster& cluster) {
  auto before = cluster.sink().last();
  for (int i = 0; i < 10; ++i)
    cluster.cast();
  if (!wait_until(timeout, [&] {
        return cluster.sink().last().events >= before.events + 10;
      }))
    return timed_out("events did not arrive within 20 s");
  std::this_thread::sleep_for(5 * limits::sync_pause);
  auto known = cluster.sink().last();
  auto failed = cluster.index_of(known.source.node);
  if (!failed)
    return timed_out("the function runs nowhere");
  auto relocated = cluster.counts().relocations.load();
  cluster.kill(*failed);
  if (!wait_until(timeout,
                  [&] { return cluster.counts().relocations > relocated; }))
    return timed_out("the function was not relocated within 20 s");
  auto due = clock::now();
  if (!wait_until(timeout, [&] {
        if (clock::now() >= due) {
          cluster.cast();
          due += 10ms;
        }
        return cluster.sink().last().source != known.source;
      }))
    return timed_out("no event of the replacement arrived within 20 s");
  auto next = number_in(cluster.sink().last().first);
  if (auto problem = cluster.start_node(*failed))
    return problem;
  return next == number_in(known.payload) + 1;
}

rows state_recovery(const plan& how) {
  row result{"share of crashes after which the state was recovered (must be 1)",
             unit::count};
  auto measure = [&]() -> caf::error {
    auto cluster = failover_cluster::make(how.scratch, keep_alive_interval, 2);
    if (!cluster)
      return cluster.error();
    auto middle = (*cluster)->function(stateful_counter_module(), {0, 1});
    middle.settings["state_policy"] = "Global";
    if (auto problem = (*cluster)->start_chain(middle))
      return problem;
    for (std::size_t i = 0; i < how.repeats(25); ++i) {
      auto survived = state_survives(**cluster);
      if (!survived)
        return survived.error();
      result.samples.push_back(*survived);
      if (!*survived)
        result.failure = "a state was lost";
    }
    return caf::none;
  };
  if (auto problem = measure())
    return with_failure({result}, explain(problem));
  return {result};
}

// -- false alarms
// --------------------------------------------------------------

rows false_alarms(const plan& how) {
  auto length = how.quick ? 3s : 20s;
  auto what = "false alarms in " + std::to_string(length.count())
              + " s, keep-alive 50 ms, all cores busy with guests";
  auto measure = [&]() -> caf::expected<std::uint64_t> {
    auto cluster = failover_cluster::make(how.scratch, 50ms, 2);
    if (!cluster)
      return cluster.error();
    for (std::size_t i : {0, 1})
      for (unsigned k = 0; k < std::thread::hardware_concurrency(); ++k) {
        auto spinner = (*cluster)->function(spinner_module(), {i});
        spinner.settings["timeout_ms"] = "600000";
        if (auto started = (*cluster)->start({spinner}); !started)
          return started.error();
      }
    std::this_thread::sleep_for(length);
    return (*cluster)->counts().nodes_lost.load();
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
  append(result, killed_nodes(
                   how, {"kill -9 to end of connection", median(eof.samples)}));
  append(result, stopped_nodes(how));
  append(result, mass_relocation(how));
  append(result, state_recovery(how));
  append(result, adoption(how));
  append(result, false_alarms(how));
  return result;
}

} // namespace edgeless::benchmark
