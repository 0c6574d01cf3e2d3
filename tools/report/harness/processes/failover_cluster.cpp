// SPDX-License-Identifier: MIT
#include "tools/report/harness/processes/failover_cluster.hpp"

#include "tools/report/harness/in_process/modules.hpp"
#include "tools/report/harness/in_process/stream.hpp"
#include "tools/report/harness/processes/child_main.hpp"

#include "runtime/wasm/engine.hpp"

#include <algorithm>
#include <csignal>

namespace edgeless::benchmark {

namespace {

/// The module whose guest passes its events to the recorder.
std::string recorder_module() {
  return "recorder";
}

} // namespace

void recorder::record(const guest_event& x) {
  std::lock_guard guard{mutex_};
  if (x.source != last_.source) {
    last_.since = clock::now();
    last_.first = x.payload;
  }
  last_.source = x.source;
  last_.payload = x.payload;
  ++last_.events;
}

recorder::observation recorder::last() const {
  std::lock_guard guard{mutex_};
  return last_;
}

caf::expected<std::unique_ptr<failover_cluster>>
failover_cluster::make(const std::filesystem::path& scratch,
                       std::chrono::milliseconds keep_alive_interval,
                       std::size_t children) {
  auto result = std::make_unique<failover_cluster>();
  result->scratch_ = scratch / "failover";
  if (auto problem = result->open(keep_alive_interval, children))
    return problem;
  return result;
}

failover_cluster::~failover_cluster() {
  for (std::size_t i = 0; i < max_children; ++i)
    kill(i);
}

caf::error failover_cluster::open(std::chrono::milliseconds keep_alive_interval,
                                  std::size_t children) {
  orchestrator_options options;
  options.keep_alive_interval = keep_alive_interval;
  options.strategy = placement_strategy::round_robin;
  if (auto problem
      = domain_.open(std::move(options),
                     {relay_module(), burst_module(), stateful_counter_module(),
                      spinner_module(), recorder_module()}))
    return problem;
  for (auto& id : ids_)
    id = draw<node_id>(os_random());
  front_id_ = draw<node_id>(os_random());
  auto engine
    = with_sink(make_wasm_engine({scratch_ / "front"}), recorder_module(),
                [x = recorder_](auto& event) { x->record(event); });
  front_ = std::make_unique<node>(front_id_, domain_.url(), engine);
  if (auto problem = domain_.wait_for_nodes(1))
    return problem;
  for (std::size_t i = 0; i < children; ++i)
    if (auto problem = start_node(i))
      return problem;
  return caf::none;
}

caf::error failover_cluster::start_node(std::size_t index) {
  auto joined_before = counts().nodes.load();
  auto made = child::spawn_server(node_arguments(
    scratch_ / ("node-" + std::to_string(index)), ids_[index], domain_.url()));
  if (!made)
    return made.error();
  children_[index] = std::move(*made);
  return domain_.wait_for_nodes(joined_before + 1);
}

void failover_cluster::signal(std::size_t index, int number) {
  children_.at(index)->signal(number);
}

void failover_cluster::kill(std::size_t index) {
  if (children_.at(index) == nullptr)
    return;
  children_[index]->signal(SIGKILL);
  children_[index].reset();
}

std::optional<std::size_t> failover_cluster::index_of(const node_id& id) const {
  auto found = std::ranges::find(ids_, id);
  if (found == ids_.end())
    return std::nullopt;
  return static_cast<std::size_t>(found - ids_.begin());
}

component_spec
failover_cluster::function(const std::string& module,
                           const std::vector<std::size_t>& indices) const {
  std::vector<node_id> nodes;
  for (auto i : indices)
    nodes.push_back(ids_.at(i));
  return local_domain::function(module, nodes);
}

caf::error failover_cluster::start_chain(component_spec middle) {
  auto started
    = domain_.start_chain(front_id_, std::move(middle), recorder_module());
  if (!started)
    return started.error();
  source_ = started->source;
  return caf::none;
}

} // namespace edgeless::benchmark
