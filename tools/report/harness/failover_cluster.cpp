// SPDX-License-Identifier: MIT
#include "tools/report/harness/failover_cluster.hpp"

#include "tools/report/harness/stream.hpp"
#include "tools/report/rows/failover.hpp"

#include "actors/orchestrator/orchestrator.hpp"

#include "runtime/base/sha256.hpp"
#include "runtime/net/basp/basp_transport.hpp"
#include "runtime/wasm/engine.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <csignal>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

constexpr auto domain_name = "domain";
constexpr std::size_t max_nodes = 3;
constexpr auto timeout = 20s;

std::string recorder_module() {
  return "recorder";
}

} // namespace

bool wait_until(std::chrono::milliseconds timeout,
                const std::function<bool()>& condition) {
  auto deadline = clock::now() + timeout;
  while (!condition()) {
    if (clock::now() > deadline)
      return false;
    std::this_thread::sleep_for(50us);
  }
  return true;
}

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
                       std::chrono::milliseconds keep_alive_interval) {
  std::unique_ptr<failover_cluster> result{new failover_cluster};
  result->scratch_ = scratch;
  if (auto problem = result->open(keep_alive_interval))
    return problem;
  return result;
}

failover_cluster::~failover_cluster() {
  for (std::size_t i = 0; i < max_nodes; ++i)
    kill(i);
  front_.reset();
  acceptor_.reset();
  controller_stub::stop(self_, std::exchange(orchestrator_, nullptr));
  net_.reset();
}

caf::error
failover_cluster::open(std::chrono::milliseconds keep_alive_interval) {
  disable_remote_spawn(system_);
  for (std::size_t i = 0; i < max_nodes; ++i)
    ids_.push_back(draw<node_id>(os_random()));
  net_ = make_basp_transport(system_);
  orchestrator_options options;
  options.domain_id = domain_name;
  options.keep_alive_interval = keep_alive_interval;
  options.strategy = placement_strategy::round_robin;
  options.random = os_random();
  options.counts = counts_;
  orchestrator_
    = system_.spawn<caf::detached>(edgeless::orchestrator, std::move(options));
  url_ = free_url();
  auto opened = net_->listen(
    *parse_url(url_), caf::actor_cast<caf::strong_actor_ptr>(orchestrator_),
    peer_role::orchestrator, {peer_role::node});
  if (!opened)
    return opened.error();
  acceptor_ = std::move(*opened);
  if (auto problem = controller_.attach(self_, orchestrator_, domain_name,
                                        {relay_module(), burst_module(),
                                         stateful_counter_module(),
                                         spinner_module(), recorder_module()}))
    return problem;
  auto engine
    = with_sink(make_wasm_engine({scratch_ / "front"}), recorder_module(),
                [x = recorder_](auto& event) { x->record(event); });
  front_id_ = draw<node_id>(os_random());
  front_ = std::make_unique<node>(front_id_, url_, engine);
  return wait_for_nodes(1);
}

caf::error failover_cluster::wait_for_nodes(std::size_t count) {
  if (wait_until(timeout, [&] { return counts_->nodes == count; }))
    return caf::none;
  return fail(ec::no_feasible_node, "a node did not join within 20 s");
}

caf::error failover_cluster::start_node(std::size_t index) {
  auto joined_before = counts_->nodes.load();
  auto words = node_arguments(scratch_ / ("node-" + std::to_string(index)),
                              ids_[index], url_);
  auto made = child::spawn(words);
  if (!made)
    return made.error();
  if (auto line = (*made)->read_line(); line != "up")
    return fail(ec::system_failure, "a node did not start: " + line);
  children_[index] = std::move(*made);
  return wait_for_nodes(joined_before + 1);
}

void failover_cluster::signal(std::size_t index, int number) {
  children_.at(index)->signal(number);
}

void failover_cluster::kill(std::size_t index) {
  auto i = children_.find(index);
  if (i == children_.end())
    return;
  i->second->signal(SIGKILL);
  children_.erase(i);
}

std::optional<std::size_t> failover_cluster::index_of(const node_id& id) const {
  for (std::size_t i = 0; i < ids_.size(); ++i)
    if (ids_[i] == id)
      return i;
  return std::nullopt;
}

component_spec
failover_cluster::function(const std::string& module,
                           const std::vector<std::size_t>& indices) {
  auto random = os_random();
  component_spec x;
  x.id = draw<logical_id>(random);
  x.workflow = draw<workflow_id>(random);
  x.name = x.class_id = "function";
  x.function_type = "RUST_WASM";
  x.code = sha256(module);
  auto& nodes = x.settings["node_id_match_any"];
  for (auto i : indices)
    nodes += (nodes.empty() ? "" : ",") + to_string(ids_[i]);
  return x;
}

caf::expected<failover_cluster::statuses>
failover_cluster::start(const std::vector<component_spec>& specs) {
  caf::expected<statuses> result{statuses{}};
  self_
    ->request(orchestrator_, limits::client, atom::host_v, specs[0].workflow,
              specs)
    .receive([&](statuses& x) { result = std::move(x); },
             [&](caf::error& x) { result = std::move(x); });
  if (result)
    for (auto& x : *result)
      if (x.phase != component_phase::running)
        return fail(ec::unreachable, x.name + " does not run: " + x.reason);
  return result;
}

caf::expected<failover_cluster::statuses>
failover_cluster::inspect(const workflow_id& workflow) {
  caf::expected<statuses> result{statuses{}};
  self_->request(orchestrator_, limits::client, atom::inspect_v, workflow)
    .receive([&](statuses& x) { result = std::move(x); },
             [&](caf::error& x) { result = std::move(x); });
  return result;
}

caf::error failover_cluster::start_chain(component_spec middle) {
  auto source = function(relay_module(), {});
  auto sink = function(recorder_module(), {});
  for (auto* x : {&source, &sink}) {
    x->workflow = middle.workflow;
    x->settings["node_id_match_any"] = to_string(front_id_);
  }
  source.wiring["out"] = middle.id;
  middle.wiring["out"] = sink.id;
  auto all = start({source, middle, sink});
  if (!all)
    return all.error();
  for (auto& x : *all)
    if (x.id == source.id)
      source_ = x.instance;
  return caf::none;
}

void failover_cluster::cast() {
  front_->cast(source_, "event");
}

} // namespace edgeless::benchmark
