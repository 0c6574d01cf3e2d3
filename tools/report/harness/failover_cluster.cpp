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
constexpr std::size_t most_members = 3;
constexpr auto timeout = 20s;

std::string recorder_module() {
  return "witness";
}

} // namespace

bool comes_true(std::chrono::milliseconds timeout,
                const std::function<bool()>& condition) {
  auto deadline = clock::now() + timeout;
  while (!condition()) {
    if (clock::now() > deadline)
      return false;
    std::this_thread::sleep_for(50us);
  }
  return true;
}

void recorder::see(const guest_event& x) {
  std::lock_guard guard{mutex_};
  if (x.source != last_.source) {
    last_.since = clock::now();
    last_.first = x.payload;
  }
  last_.source = x.source;
  last_.payload = x.payload;
  ++last_.events;
}

recorder::sight recorder::last() const {
  std::lock_guard guard{mutex_};
  return last_;
}

caf::expected<std::unique_ptr<stage>>
stage::make(const std::filesystem::path& scratch,
            std::chrono::milliseconds period) {
  std::unique_ptr<stage> result{new stage};
  result->scratch_ = scratch;
  if (auto problem = result->open(period))
    return problem;
  return result;
}

stage::~stage() {
  for (std::size_t i = 0; i < most_members; ++i)
    reap(i);
  front_.reset();
  acceptor_.reset();
  controller_link::dismiss(self_, std::exchange(orchestrator_, nullptr));
  net_.reset();
}

caf::error stage::open(std::chrono::milliseconds period) {
  disable_remote_spawn(system_);
  for (std::size_t i = 0; i < most_members; ++i)
    ids_.push_back(draw<node_id>(os_random()));
  net_ = make_basp_transport(system_);
  orchestrator_options options;
  options.domain_id = domain_name;
  options.keep_alive_interval = period;
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
  if (auto problem
      = controller_link_.attach(self_, orchestrator_, domain_name,
                                {relay_module(), flow_module(), keeper_module(),
                                 spinner_module(), recorder_module()}))
    return problem;
  auto engine
    = with_sink(make_wasm_engine({scratch_ / "front"}), recorder_module(),
                [x = witness_](auto& event) { x->see(event); });
  front_id_ = draw<node_id>(os_random());
  front_ = std::make_unique<node>(front_id_, url_, engine);
  return wait_for_nodes(1);
}

caf::error stage::wait_for_nodes(std::size_t count) {
  if (comes_true(timeout, [&] { return counts_->nodes == count; }))
    return caf::none;
  return fail(ec::no_feasible_node, "a node does not join");
}

caf::error stage::add(std::size_t member) {
  auto others = counts_->nodes.load();
  auto words = be_node(scratch_ / ("member-" + std::to_string(member)),
                       ids_[member], url_);
  auto made = child::spawn(words);
  if (!made)
    return made.error();
  if (auto line = (*made)->read_line(); line != "up")
    return fail(ec::system_failure, "a node does not start: " + line);
  members_[member] = std::move(*made);
  return wait_for_nodes(others + 1);
}

void stage::signal(std::size_t member, int number) {
  members_.at(member)->signal(number);
}

void stage::reap(std::size_t member) {
  auto i = members_.find(member);
  if (i == members_.end())
    return;
  i->second->signal(SIGKILL);
  members_.erase(i);
}

std::optional<std::size_t> stage::member(const node_id& id) const {
  for (std::size_t i = 0; i < ids_.size(); ++i)
    if (ids_[i] == id)
      return i;
  return std::nullopt;
}

component_spec stage::function(const std::string& module,
                               const std::vector<std::size_t>& members) {
  auto random = os_random();
  component_spec x;
  x.id = draw<logical_id>(random);
  x.workflow = draw<workflow_id>(random);
  x.name = x.class_id = "function";
  x.function_type = "RUST_WASM";
  x.code = sha256(module);
  auto& homes = x.settings["node_id_match_any"];
  for (auto i : members)
    homes += (homes.empty() ? "" : ",") + to_string(ids_[i]);
  return x;
}

caf::expected<stage::statuses>
stage::host(const std::vector<component_spec>& specs) {
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

caf::expected<stage::statuses> stage::inspect(const workflow_id& workflow) {
  caf::expected<statuses> result{statuses{}};
  self_->request(orchestrator_, limits::client, atom::inspect_v, workflow)
    .receive([&](statuses& x) { result = std::move(x); },
             [&](caf::error& x) { result = std::move(x); });
  return result;
}

caf::error stage::host_line(component_spec middle) {
  auto source = function(relay_module(), {});
  auto sink = function(recorder_module(), {});
  for (auto* x : {&source, &sink}) {
    x->workflow = middle.workflow;
    x->settings["node_id_match_any"] = to_string(front_id_);
  }
  source.wiring["out"] = middle.id;
  middle.wiring["out"] = sink.id;
  auto all = host({source, middle, sink});
  if (!all)
    return all.error();
  for (auto& x : *all)
    if (x.id == source.id)
      source_ = x.instance;
  return caf::none;
}

void stage::cast() {
  front_->cast(source_, "event");
}

} // namespace edgeless::benchmark
