// SPDX-License-Identifier: MIT
#include "test/simulation/fault_injection.hpp"

#include "test/simulation/cluster.hpp"
#include "test/simulation/invariants.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace edgeless::test {

namespace {

constexpr auto keep_alive = 2s;

// -- nodes --------------------------------------------------------------------

void add_node(cluster& x) {
  x.add_random_node();
}

void kill_node(cluster& x) {
  if (x.nodes().size() < 2)
    return;
  auto name = x.random_node();
  x.log_fault("kill " + name);
  x.put_events_under_way();
  x.kill(name);
}

void restart_node(cluster& x) {
  auto name = x.random_node();
  x.log_fault("restart " + name);
  x.put_events_under_way();
  x.restart(name);
}

// -- connections --------------------------------------------------------------

void isolate_node(cluster& x) {
  auto name = x.random_node();
  x.log_fault("isolate " + name);
  x.cut(name);
}

void partition_pair(cluster& x) {
  auto a = x.random_node();
  auto b = x.random_peer();
  x.log_fault("partition " + a + " from " + b);
  if (a != b)
    x.cut(a, b);
}

void partition_one_way(cluster& x) {
  auto from = x.random_node();
  auto to = x.random_peer();
  if (x.random() % 2)
    std::swap(from, to);
  x.log_fault("nothing from " + from + " reaches " + to);
  if (from != to)
    x.cut_direction(from, to);
}

void heal_node(cluster& x) {
  auto name = x.random_node();
  x.log_fault("heal " + name);
  x.reconnect(name);
}

void reset_connection(cluster& x) {
  auto a = x.random_node();
  auto b = x.random_peer();
  x.log_fault("reset the connection of " + a + " and " + b);
  x.session_lost = x.session_lost || b == "domain-1";
  x.put_events_under_way();
  if (a != b)
    x.reset(a, b);
}

/// Less than a keep-alive timeout.
void delay_connection(cluster& x) {
  auto a = x.random_node();
  auto b = x.random_peer();
  auto latency = std::chrono::milliseconds{x.random() % 50};
  x.log_fault("delay " + a + " and " + b + " by "
              + std::to_string(latency.count()) + " ms");
  if (a != b)
    x.delay(a, b, latency);
}

// -- functions ----------------------------------------------------------------

/// Asks for a migration, which may still be under way at the next fault.
void migrate(cluster& x, const started_component& function) {
  auto to = x.random_node();
  x.log_fault("migrate " + function.name + " to " + to);
  x.put_events_under_way();
  x.begin_migration(function.id, x.id_of(to));
  x.run(static_cast<int>(x.random() % 120));
}

void migrate_function(cluster& x) {
  migrate(x, x.random_function());
}

/// While events are sent, so that those on the new route could overtake those
/// on the old one.
void migrate_streams(cluster& x) {
  for (auto* all : {&x.ordered.components(), &x.at_least_once.components()})
    for (auto& one : *all)
      if (x.random() % 2)
        migrate(x, one);
  for (auto turns = x.random() % 20; turns > 0; --turns) {
    x.ordered.enqueue_sends(1);
    x.at_least_once.enqueue_sends(1);
    x.run(static_cast<int>(x.random() % 20));
    x.advance_clock(std::chrono::milliseconds{x.random() % 4});
  }
}

void crash_function(cluster& x) {
  auto& function = x.random_function();
  x.log_fault("crash " + function.name);
  x.put_events_under_way();
  x.cast(function.id, "die");
}

void crash_at_least_once_sink(cluster& x) {
  if (!x.setup.at_least_once_ends_crash)
    return;
  x.log_fault("crash v1");
  x.at_least_once.crash_sink();
}

void cast_to_function(cluster& x) {
  auto& function = x.random_function();
  x.log_fault("cast to " + function.name);
  x.cast(function.id, "x", x.random() % 20);
}

// -- clients ------------------------------------------------------------------

void start_workflow(cluster& x) {
  x.clients.start_workflow();
}

void stop_workflow(cluster& x) {
  x.clients.stop_workflow();
}

// -- storage and control plane ------------------------------------------------

void fail_disk_write(cluster& x) {
  x.log_fault("one of the next writes to the disk fails");
  x.store->fail_at = x.store->writes + 1 + static_cast<int>(x.random() % 3);
}

void fail_redis(cluster& x) {
  if (!x.mirror)
    return;
  x.log_fault("Redis starts, stops or loses its keys");
  if (x.random() % 2)
    x.mirror->content.clear();
  else
    x.mirror->down = !x.mirror->down;
}

void wait_before_restart(cluster& x) {
  x.run_for(std::chrono::milliseconds{x.random() % 2 * (x.random() % 3000)});
}

void restart_orchestrator(cluster& x) {
  x.log_fault("restart the orchestrator");
  x.put_events_under_way();
  x.kill_domain("domain-1");
  x.fencing.on_orchestrator_restart();
  if (x.random() % 2)
    x.clients.stop_workflow();
  wait_before_restart(x);
  x.add_domain("domain-1");
}

void restart_controller(cluster& x) {
  x.log_fault("restart the controller");
  x.kill_controller();
  wait_before_restart(x);
  x.add_controller();
  answered_requests_are_durable(x);
}

constexpr auto recoverable = severity::recoverable;
constexpr auto destructive = severity::destructive;
constexpr auto may_be_last = true;

/// The recoverable ones come first.
constexpr fault all_faults[] = {
  {"add a node", recoverable, add_node},
  {"reset a connection", recoverable, reset_connection},
  {"crash a function", recoverable, crash_function, may_be_last},
  {"crash an at-least-once sink", recoverable, crash_at_least_once_sink},
  {"cast to a function", recoverable, cast_to_function},
  {"start a workflow", recoverable, start_workflow},
  {"stop a workflow", recoverable, stop_workflow},
  {"migrate a function", recoverable, migrate_function},
  {"migrate streams", recoverable, migrate_streams},
  {"migrate streams", recoverable, migrate_streams},
  {"delay a connection", recoverable, delay_connection},
  {"fail a disk write", recoverable, fail_disk_write},
  {"fail Redis", recoverable, fail_redis},
  {"restart the controller", recoverable, restart_controller, may_be_last},
  {"kill a node", destructive, kill_node, may_be_last},
  {"isolate a node", destructive, isolate_node},
  {"partition two", destructive, partition_pair},
  {"heal a node", destructive, heal_node},
  {"partition two, one way", destructive, partition_one_way},
  {"restart a node", destructive, restart_node, may_be_last},
  {"heal a node", destructive, heal_node},
  {"restart the orchestrator", destructive, restart_orchestrator, may_be_last},
};

std::vector<const fault*> candidates(const cluster& x, bool last) {
  std::vector<const fault*> result;
  for (auto& one : all_faults)
    if ((one.severity == recoverable || !x.setup.only_recoverable)
        && (one.may_be_last || !last))
      result.push_back(&one);
  return result;
}

} // namespace

std::span<const fault> faults() {
  return all_faults;
}

void inject_fault(cluster& x) {
  auto all = candidates(x, false);
  all[x.random() % all.size()]->inject(x);
  x.run_for(std::chrono::milliseconds{x.random() % 3000});
  x.clients.repeat();
}

void inject_last_fault(cluster& x) {
  x.log_fault("repair everything");
  x.reconnect_all();
  if (x.mirror)
    x.mirror->down = false;
  x.store->fail_at = 0;
  x.run_for(limits::back_off_max + 3 * keep_alive);
  if (std::ranges::any_of(components_of(x), [](auto& component) {
        return component.reason.find("quarantine") != std::string::npos;
      }))
    x.run_for(limits::quarantine);
  for (int i = 0; i < 8; ++i) {
    x.clients.repeat();
    x.run_for(keep_alive);
  }
  auto all = candidates(x, true);
  all[x.random() % all.size()]->inject(x);
  x.run_for(2 * keep_alive);
}

} // namespace edgeless::test
