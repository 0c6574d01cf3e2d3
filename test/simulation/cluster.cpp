// SPDX-License-Identifier: MIT
#include "test/simulation/cluster.hpp"

#include <iostream>

namespace edgeless::test {

namespace {

world::options options_of(const scenario& x,
                          const std::shared_ptr<memory_store>& disk,
                          const std::shared_ptr<memory_database>& redis) {
  world::options result;
  result.seed = x.seed;
  result.shuffled = true;
  result.store = disk;
  result.strategy = x.seed % 2 == 0 ? placement_strategy::random
                                    : placement_strategy::round_robin;
  if (redis)
    result.mirror = redis->opener();
  return result;
}

/// Casts every 700 ms, and traps on "die".
step run_ticker(guest_host& host, const guest_event& x) {
  if (x.payload == "die")
    return trap{"told to die"};
  if (x.kind == hook::cast)
    host.cast("out", "tick");
  if (x.kind == hook::init || x.payload == "again")
    (void)host.delayed_cast(700ms, "self", "again");
  return {};
}

} // namespace

cluster::cluster(const simulation_options& options, const scenario& x)
  : cluster{options, x, std::make_shared<memory_store>(),
            x.mirrored ? std::make_shared<memory_database>() : nullptr} {
  // nop
}

cluster::cluster(const simulation_options& options, const scenario& x,
                 std::shared_ptr<memory_store> disk,
                 std::shared_ptr<memory_database> redis)
  : world{options_of(x, disk, redis)}, setup{x}, store{std::move(disk)},
    mirror{std::move(redis)}, options_{options} {
  if (mirror)
    mirror->rejects_blocking = true;
  for (int i = 0; i < 3; ++i)
    add_random_node();
  start_functions();
  ordered.start();
  if (setup.at_least_once)
    at_least_once.start();
}

std::vector<started_component>
cluster::start_workflow(std::vector<component_draft> drafts) {
  start(std::move(drafts));
  std::vector<started_component> result;
  for (auto& x : status.components)
    result.push_back({x.name, x.id});
  return result;
}

void cluster::start_functions() {
  scripts["ticker"] = run_ticker;
  for (auto& workflow :
       {std::vector{function("f0", "relay", {{"out", "f1"}}),
                    function("f1", "relay", {{"out", "f2"}}),
                    function("f2", "relay", {{"out", "f3"}}),
                    function("f3", "relay", {{"out", "f4"}}),
                    function("f4", "sink")},
        std::vector{function("asker", "asker", {{"out", "server"}}),
                    function("server", "server")},
        std::vector{function("ticker", "ticker", {{"out", "heard"}}),
                    function("heard", "sink")}})
    for (auto& x : start_workflow(workflow))
      functions.push_back(x);
}

void cluster::log_fault(const std::string& what) const {
  if (options_.verbose)
    std::cout << what << '\n';
}

std::string cluster::random_node() {
  auto all = nodes();
  return all[random() % all.size()];
}

std::string cluster::random_peer() {
  return random() % 2 ? std::string{"domain-1"} : random_node();
}

const started_component& cluster::random_function() {
  return functions[random() % functions.size()];
}

std::optional<cluster::location> cluster::find(const logical_id& id) const {
  for (auto& name : nodes())
    for (auto& [instance, x] : node_state_of(name).instances)
      if (x.spec.id == id && x.is_running() && registry(name).find(instance))
        return location{name, instance};
  return std::nullopt;
}

void cluster::cast(const logical_id& id, const std::string& payload,
                   std::uint64_t times) {
  for (; times > 0; --times)
    if (auto at = find(id))
      cast_to(at->node, at->instance, payload);
}

void cluster::enqueue(const logical_id& id, const std::string& payload,
                      int times) {
  if (auto at = find(id))
    for (; times > 0; --times)
      enqueue_cast(at->node, at->instance, payload);
}

void cluster::put_events_under_way() {
  for (std::size_t k = 0; k < 4; ++k)
    enqueue(functions[k].id, "x", 20);
  at_least_once.enqueue_sends(10);
  run(static_cast<int>(random() % 60));
}

void cluster::add_random_node() {
  if (nodes().size() >= 8)
    return;
  auto name = "node-" + std::to_string(++nodes_added_);
  log_fault("add " + name);
  add_node(name,
           nodes_added_ % 3 == 0 ? labelled({"rare"}) : node_description{});
}

} // namespace edgeless::test
