// SPDX-License-Identifier: MIT
#include "tools/report/harness/in_process/node.hpp"

#include "tools/report/harness/baselines/loopback.hpp"
#include "tools/report/plan.hpp"

#include "actors/node/node.hpp"

#include "runtime/base/sha256.hpp"
#include "runtime/net/basp/basp_transport.hpp"
#include "runtime/wasm/engine.hpp"

#include <caf/send.hpp>

#include <unistd.h>

#include <cstring>
#include <thread>

namespace edgeless::benchmark {

using namespace std::chrono_literals;

namespace {

const std::string stub_url = "http://127.0.0.1:1";

/// The transport of the daemons, except that it connects to the stub
/// orchestrator directly.
class stub_orchestrator_transport : public transport {
public:
  stub_orchestrator_transport(caf::actor_system& system,
                              caf::strong_actor_ptr orchestrator,
                              std::shared_ptr<tls_context> tls)
    : orchestrator_{std::move(orchestrator)} {
    transport_settings settings;
    settings.tls = std::move(tls);
    others_ = make_basp_transport(system, std::move(settings));
  }

  caf::expected<std::unique_ptr<listener>>
  listen(const url& where, caf::strong_actor_ptr acceptor, peer_role self,
         const std::vector<peer_role>& peers) override {
    return others_->listen(where, std::move(acceptor), self, peers);
  }

  void dial(const std::string& where, peer_role self, peer_role peer,
            const std::string& name, caf::strong_actor_ptr receiver) override {
    if (where == stub_url)
      caf::anon_send(caf::actor_cast<caf::actor>(receiver), atom::dialled_v,
                     where, orchestrator_, std::string{});
    else
      others_->dial(where, self, peer, name, std::move(receiver));
  }

  void probe(const std::string& where, peer_role self, peer_role peer,
             const std::string& name, const caf::node_id& process,
             std::function<void(std::string)> done) override {
    others_->probe(where, self, peer, name, process, std::move(done));
  }

private:
  std::unique_ptr<transport> others_;
  caf::strong_actor_ptr orchestrator_;
};

} // namespace

std::string numbers(std::initializer_list<std::uint32_t> xs) {
  std::string result;
  for (auto x : xs)
    for (int shift = 0; shift < 32; shift += 8)
      result += static_cast<char>(x >> shift);
  return result;
}

std::string free_url() {
  auto [listener, port] = listen_on_loopback();
  close(listener);
  return "http://127.0.0.1:" + std::to_string(port);
}

void mailbox::put(events batch) {
  std::lock_guard guard{mutex_};
  for (auto& x : batch)
    events_.push_back(std::move(x));
  changed_.notify_one();
}

std::optional<event> mailbox::take(std::chrono::milliseconds timeout) {
  std::unique_lock guard{mutex_};
  if (!changed_.wait_for(guard, timeout, [this] { return !events_.empty(); }))
    return std::nullopt;
  auto result = std::move(events_.front());
  events_.pop_front();
  return result;
}

// -- a node -------------------------------------------------------------------

node::node(const std::filesystem::path& cache, node_id id, bool with_metrics,
           std::shared_ptr<tls_context> tls, resource_classes classes) {
  disable_remote_spawn(system_);
  session_ = draw<session_id>(os_random());
  spawn_orchestrator();
  net_ = std::make_shared<stub_orchestrator_transport>(
    system_, caf::actor_cast<caf::strong_actor_ptr>(orchestrator_),
    std::move(tls));
  spawn(id, stub_url, make_wasm_engine({cache}), with_metrics,
        std::move(classes));
}

node::node(node_id id, const std::string& orchestrator,
           std::shared_ptr<guest_engine> engine) {
  disable_remote_spawn(system_);
  net_ = make_basp_transport(system_);
  spawn(id, orchestrator, std::move(engine), false, {});
}

node::~node() {
  for (auto& x : sinks_)
    caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  self_->monitor(node_);
  self_->send(node_, atom::stop_v);
  self_->receive([](const caf::down_msg&) {}, caf::after(3s) >> [] {});
  if (orchestrator_)
    caf::anon_send_exit(orchestrator_, caf::exit_reason::user_shutdown);
  node_ = nullptr;
  net_.reset();
}

void node::spawn_orchestrator() {
  orchestrator_ = system_.spawn([x = modules_, session = session_] {
    return caf::behavior{
      [session](atom::join, const node_description&, const node_actor&,
                const boot_id&, const inventory&) {
        return welcome{session, 0, {}};
      },
      [x](atom::fetch, const code_id& code,
          std::uint64_t offset) -> caf::result<code_part> {
        std::lock_guard guard{x->mutex};
        auto i = x->modules.find(code);
        if (i == x->modules.end())
          return fail(ec::unknown_code, "no such module");
        return code_part{code, i->second.size(), offset,
                         i->second.substr(offset, limits::part)};
      },
    };
  });
}

void node::spawn(const node_id& id, const std::string& orchestrator,
                 std::shared_ptr<guest_engine> engine, bool with_metrics,
                 resource_classes classes) {
  node_options options;
  options.description.id = id;
  options.description.agent_url = url_;
  options.description.invocation_url = url_;
  options.description.capabilities.num_cpus = 1;
  options.description.capabilities.num_cores = 1;
  options.description.capabilities.runtimes = {"RUST_WASM"};
  options.orchestrator_url = orchestrator;
  options.net = net_;
  options.ingress_url = *parse_url(url_);
  options.engine = std::move(engine);
  options.random = os_random();
  for (auto& [type, made] : classes)
    options.description.providers.push_back({type + "-1", type, {}});
  options.classes = std::move(classes);
  registry_ = options.registry = std::make_shared<instance_registry>(id);
  registry_->samples_wanted = registry_->histograms_wanted = with_metrics;
  node_ = system_.spawn<caf::detached>(edgeless::node, std::move(options));
}

endpoint node::endpoint_of(const physical_id& instance) const {
  return {registry_->self, session_, instance, url_, {}};
}

component_spec node::function(const std::string& module, std::string init) {
  component_spec spec;
  spec.id = draw<logical_id>(os_random());
  spec.name = spec.class_id = "benchmark";
  spec.function_type = "RUST_WASM";
  spec.code = sha256(module);
  spec.settings["init-payload"] = std::move(init);
  std::lock_guard guard{modules_->mutex};
  modules_->modules = {{spec.code, module}};
  return spec;
}

caf::error node::start(const physical_id& id, const component_spec& spec,
                       const output_map& outputs) {
  caf::error result;
  self_
    ->request(node_, limits::client, atom::start_v, id, spec, outputs,
              std::string{})
    .receive([](atom::ok) {}, [&](caf::error& x) { result = std::move(x); });
  return result;
}

caf::expected<std::vector<physical_id>>
node::start_many(std::size_t count, const component_spec& spec) {
  auto random = os_random();
  std::vector<physical_id> result;
  for (std::size_t i = 0; i < count; ++i)
    result.push_back(draw<physical_id>(random));
  // All requests are in flight at the same time.
  auto request_start = [&](const physical_id& id) {
    return self_->request(node_, limits::client, atom::start_v, id, spec,
                          output_map{}, std::string{});
  };
  std::deque<decltype(request_start(result[0]))> answers;
  for (auto& id : result)
    answers.push_back(request_start(id));
  caf::error problem;
  for (auto& x : answers)
    x.receive([](atom::ok) {}, [&](caf::error& e) { problem = std::move(e); });
  if (problem)
    return problem;
  return result;
}

void node::stop(std::span<const physical_id> ids) {
  for (auto& id : ids)
    self_->send(node_, atom::stop_v, id);
}

bool node::wait_for_at_most(std::size_t instances) const {
  return wait_until(30s, [&] { return registry_->size() <= instances; });
}

void node::patch(const physical_id& id, const output_map& outputs) {
  self_->send(node_, atom::patch_v, id, outputs);
  // Once the node has replied, the patch is in the mailbox of the instance.
  self_->request(node_, limits::client, atom::running_v)
    .receive([](const inventory&) {}, [](const caf::error&) {});
}

void node::cast(const physical_id& to, std::string payload) {
  auto found = registry_->find(to);
  if (!found)
    return;
  event x;
  x.payload = std::move(payload);
  registry_->counts.count_sent(1);
  deliver(*registry_, *found, {std::move(x)}, [](const event&) {});
}

physical_id node::add_sink(std::shared_ptr<mailbox> box) {
  return add_sink([box](events x) { box->put(std::move(x)); });
}

physical_id node::add_sink(std::function<void(events)> sink) {
  auto id = draw<physical_id>(os_random());
  auto room
    = std::make_shared<credit>(limits::inbox_events, limits::inbox_bytes);
  auto registry = registry_;
  sink_actor made = system_.spawn(
    [sink, room, registry](sink_actor::pointer) -> sink_actor::behavior_type {
      return {[sink, room, registry](atom::deliver, events& x) {
        for (auto& item : x)
          room->give_back(1, item.payload.size());
        registry->counts.count_handled(x.size());
        sink(std::move(x));
      }};
    });
  sinks_.push_back(made);
  registry_->add(id, {made, room, {}});
  return id;
}

} // namespace edgeless::benchmark
