// SPDX-License-Identifier: MIT
#include "test/simulation/invariants.hpp"

#include "test/simulation/cluster.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

namespace edgeless::test {

std::vector<component_status> components_of(cluster& x) {
  std::vector<component_status> result;
  for (auto& id : x.list())
    for (auto& component : x.status_of(id).components)
      result.push_back(component);
  return result;
}

namespace {

bool needs_label(const cluster& x, const std::string& component) {
  return std::ranges::any_of(x.clients.all(), [&](auto& request) {
    return request.function.name == component
           && !request.function.settings.empty();
  });
}

bool has_feasible_node(const cluster& x, const std::string& component) {
  auto all = x.nodes();
  if (!needs_label(x, component))
    return !all.empty();
  return std::ranges::any_of(all, [&](auto& node) {
    auto& labels
      = x.node_state_of(node).options.description.capabilities.labels;
    return std::ranges::count(labels, "rare") > 0;
  });
}

/// Casts "ping" to a component; how many lines of the journal end like that.
std::ptrdiff_t count_after_ping(cluster& x, const std::string& component,
                                const std::string& end) {
  auto target
    = std::ranges::find(x.functions, component, &started_component::name);
  REQUIRE(target != x.functions.end());
  x.journal.clear();
  x.cast(target->id, "ping");
  x.run_for(1s);
  return std::ranges::count_if(x.journal,
                               [&](auto& line) { return line.ends_with(end); });
}

} // namespace

void requests_are_answered(cluster& x) {
  for (auto& request : x.clients.all()) {
    INFO("workflow of ", request.function.name);
    CHECK((request.stopping ? x.stopped : x.answers).contains(request.id));
  }
}

void answered_requests_are_durable(cluster& x) {
  auto workflows = x.list();
  for (auto& request : x.clients.all()) {
    auto count = std::ranges::count(workflows, request.id);
    INFO("workflow of ", request.function.name);
    CHECK(count <= 1);
    if (x.answers.contains(request.id) && !request.stopping)
      CHECK(count == 1);
    if (x.stopped.contains(request.id))
      CHECK(count == 0);
  }
}

void components_run_exactly_once(cluster& x) {
  for (auto& component : components_of(x)) {
    INFO("component ", component.name);
    auto running_on = x.nodes_running(component.id);
    auto stated = component.phase == component_phase::running
                    ? x.node_of(component.instance)
                    : "nowhere";
    CHECK(stated == (running_on.empty() ? "nowhere" : running_on.front()));
    CHECK(running_on.size() == has_feasible_node(x, component.name));
  }
}

void stopped_workflows_leave_no_instances(cluster& x) {
  std::set<logical_id> wanted;
  for (auto& component : components_of(x))
    wanted.insert(component.id);
  for (auto& name : x.nodes())
    for (auto& [id, instance] : x.node_state_of(name).instances)
      CHECK((!instance.is_running() || wanted.contains(instance.spec.id)));
}

void mirror_shows_placements(cluster& x) {
  if (!x.mirror)
    return;
  for (auto& component : components_of(x)) {
    if (x.nodes_running(component.id).empty())
      continue;
    INFO("component ", component.name);
    auto shown = x.mirror->text("instance:" + to_string(component.id));
    auto expected = "node_id: " + to_string(component.node) + ",";
    CHECK(shown.find(expected) != std::string::npos);
  }
}

void casts_cross_a_chain(cluster& x) {
  CHECK(count_after_ping(x, "f0", " <- ping") == 5);
}

void calls_are_answered(cluster& x) {
  CHECK(count_after_ping(x, "asker", " = re ping") == 1);
}

void at_least_once_streams_are_complete(cluster& x) {
  if (!x.setup.at_least_once)
    return;
  auto undisturbed = x.setup.only_recoverable && !x.session_lost;
  // The sink calls another node for each event: over delayed connections it
  // handles ten in a second.
  for (int i = 0; i < 200 && !x.at_least_once.has_delivered(undisturbed); ++i)
    x.run_for(1s);
  CHECK(x.at_least_once.has_delivered(undisturbed));
  if (undisturbed && !x.setup.at_least_once_ends_crash)
    CHECK(x.at_least_once.duplicates() == 0);
}

void events_are_accounted_for(cluster& x) {
  // Over delayed connections something is under way nearly always: there must
  // be a moment when nothing is.
  for (int i = 0; i < 50 && !x.accounted(); ++i)
    x.run_for(37ms);
  INFO("sent ", x.sent(), ", handled ", x.handled(), ", dropped ", x.dropped());
  CHECK(x.accounted());
  if (x.setup.only_recoverable)
    CHECK(x.balanced_except_lost());
}

void fenced_sessions_are_not_heard(cluster& x) {
  CHECK(x.fencing.violations() == 0);
}

void events_are_not_duplicated(cluster& x) {
  CHECK(x.ordered.duplicates() == 0);
}

void streams_keep_their_order(cluster& x) {
  if (!x.setup.only_recoverable)
    return;
  CHECK(x.ordered.out_of_order() == 0);
  if (!x.session_lost)
    CHECK(x.ordered.lost() == 0);
}

void check_invariants(cluster& x) {
  requests_are_answered(x);
  answered_requests_are_durable(x);
  components_run_exactly_once(x);
  stopped_workflows_leave_no_instances(x);
  mirror_shows_placements(x);
  casts_cross_a_chain(x);
  calls_are_answered(x);
  // Events for instances that have ended wait for a while before they are
  // dropped.
  x.at_least_once.stop_sending();
  x.run_for(limits::peer_reach_timeout + 2s);
  at_least_once_streams_are_complete(x);
  events_are_accounted_for(x);
  fenced_sessions_are_not_heard(x);
  events_are_not_duplicated(x);
  streams_keep_their_order(x);
}

} // namespace edgeless::test
