// SPDX-License-Identifier: MIT
#include "actors/node/node.hpp"

#include "actors/connectors/file_log.hpp"
#include "actors/connectors/metrics_collector.hpp"
#include "actors/connectors/redis_resource.hpp"
#include "actors/net/egress.hpp"
#include "actors/net/ingress.hpp"
#include "actors/node/function_provider.hpp"
#include "actors/node/telemetry.hpp"
#include "actors/resources/resource_provider.hpp"

#include "runtime/base/log.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

namespace edgeless {

using namespace std::chrono_literals;

namespace {

/// The interval of the node's internal timer.
constexpr auto tick_interval = 1s;
/// A tick that is later than this was delayed: the process stood still.
constexpr auto late_tick = 250ms;

} // namespace

node_state::node_state(pointer self) : self{self} {
  // nop
}

/// In the reverse order of creation.
node_state::~node_state() {
  constexpr auto reason = caf::exit_reason::user_shutdown;
  instances.kill();
  relayed.kill();
  for (auto& [type, x] : resources)
    caf::anon_send_exit(x, reason);
  caf::anon_send_exit(functions, reason);
  caf::anon_send_exit(ingress, reason);
  caf::anon_send_exit(egress, reason);
  caf::anon_send_exit(telemetry, reason);
}

void node_state::init(node_options x) {
  options = std::move(x);
  registry = options.registry
               ? options.registry
               : std::make_shared<instance_registry>(options.description.id);
  auto& system = self->system();
  telemetry = spawn_on(threads::pool, system, edgeless::telemetry, registry,
                       options.telemetry_level);
  egress = spawn_on_network_thread(options.where, system, edgeless::egress,
                                   registry, options.net, options.random,
                                   options.description.invocation_url);
  ingress = spawn_on_network_thread(options.where, system, edgeless::ingress,
                                    registry, egress);
  spawn_providers();
  listen();
  instances.init({self, registry, &orchestrator, [this](const auto& spec) {
                    return provider_of(spec);
                  }});
  orchestrator.open({self, options.net, options.orchestrator_url,
                     options.description, options.random,
                     [this] { return instances.running(); },
                     [this](const welcome& x, const inventory& joined_with) {
                       on_joined(x, joined_with);
                     }});
  next_tick = self->clock().now() + tick_interval;
  self->delayed_send(self, tick_interval, atom::tick_v);
}

void node_state::spawn_providers() {
  auto& system = self->system();
  if (options.engine) {
    function_context context;
    context.registry = registry;
    context.egress = egress;
    context.telemetry = telemetry;
    context.node = self;
    context.engine = options.engine;
    context.timeout
      = std::chrono::duration_cast<std::chrono::milliseconds>(2 * 2s);
    context.where = options.where;
    context.random = options.random;
    functions = spawn_on(threads::pool, system, function_provider, context);
  }
  for (auto& x : options.description.providers)
    if (x.class_type == "file-log" && options.file_log_folder)
      resources.emplace(
        x.class_type,
        spawn_on(threads::pool, system, file_log_provider,
                 resource_context{registry, egress, self, options.where},
                 options.file_log_folder));
    else if (x.class_type == "metrics-collector" && options.metrics)
      resources.emplace(
        x.class_type,
        spawn_on(threads::pool, system, metrics_collector_provider,
                 resource_context{registry, egress, self, options.where},
                 collector_options{options.metrics, current_moment}));
    else if (x.class_type == "redis" && options.redis_at)
      resources.emplace(
        x.class_type,
        spawn_on(threads::pool, system, redis_resource_provider,
                 resource_context{registry, egress, self, options.where},
                 options.redis_at));
    else if (auto i = options.classes.find(x.class_type);
             i != options.classes.end()) {
      resource_context context{
        registry, egress, self,
        i->second->may_block ? options.where : threads::pool, options.random};
      resources.emplace(x.class_type,
                        spawn_on(threads::pool, system, resource_provider,
                                 context, i->second->make));
      if (auto& relay = i->second->relay)
        self->monitor(relayed.open(system, context, x.class_type, relay));
    }
}

void node_state::listen() {
  if (!options.ingress_url)
    return;
  auto opened = options.net->listen(
    *options.ingress_url, caf::actor_cast<caf::strong_actor_ptr>(ingress),
    peer_role::node, {peer_role::node, peer_role::client});
  registry->counters.is_listening = static_cast<bool>(opened);
  if (opened)
    acceptor = std::move(*opened);
  else
    log_error("node",
              "ingress: cannot listen, events from other nodes do not "
              "arrive: ",
              opened.error());
}

provider_actor node_state::provider_of(const component_spec& spec) const {
  if (spec.kind == component_kind::function)
    return spec.function_type == "RUST_WASM" ? functions : provider_actor{};
  auto i = resources.find(spec.class_id);
  return i == resources.end() ? provider_actor{} : i->second;
}

// -- membership ---------------------------------------------------------------

void node_state::on_joined(const welcome& x, const inventory& joined_with) {
  registry->counters.is_joined = true;
  replaced.clear();
  for (auto& id : x.stop) {
    if (instances.contains(id))
      replaced.insert(id);
    instances.stop(id);
  }
  announce_session();
  // Until the welcome, there was no session to report an end in.
  for (auto& record : joined_with) {
    auto* instance = instances.find(record.instance);
    if (instance == nullptr || !instance->is_running())
      orchestrator.report_exit(record.component, record.instance,
                               "it ended while its node joined the domain");
  }
}

/// The new session is announced when all replaced instances have ended: until
/// then, events leave in the old session, which peers refuse once it is fenced.
void node_state::announce_session() {
  if (replaced.empty())
    self->send(egress, atom::join_v, orchestrator.session());
}

void node_state::fence(const fenced_sessions& ended) {
  // One message object for all receivers: it may hold a thousand sessions.
  auto message = caf::make_message(atom::fence_v, ended);
  caf::anon_send(caf::actor_cast<caf::actor>(egress), message);
  caf::anon_send(caf::actor_cast<caf::actor>(ingress), message);
  instances.fence(message);
  relayed.fence(ended);
}

/// Answers a keep-alive at once, with the samples that TELEMETRY has delivered
/// before. Unacknowledged samples are sent again.
node_report node_state::report(std::uint64_t acknowledged) {
  orchestrator.on_keep_alive();
  registry->counters.record_keep_alive();
  if (acknowledged == sent.number) {
    if (ready.number > sent.number)
      sent = std::exchange(ready, {});
    else
      sent = {sent.number, {}, 0, {}};
  }
  fetch_samples();
  return {options.health ? options.health() : node_health{}, instances.digest(),
          sent};
}

void node_state::fetch_samples() {
  if (fetching || !registry->samples_wanted || ready.number > sent.number)
    return;
  fetching = true;
  self->request(telemetry, limits::local, atom::drain_v, sent.number)
    .then(
      [this](performance_samples& x) {
        fetching = false;
        ready = std::move(x);
      },
      [this](const caf::error&) { fetching = false; });
}

// -- timer and shutdown -------------------------------------------------------

void node_state::on_down(const caf::down_msg& x) {
  if (orchestrator.on_down(x))
    return;
  auto id = instances.on_down(x);
  if (replaced.erase(id) > 0)
    announce_session();
  auto is_last = relayed.on_down(x) || id;
  if (is_last && stopping && instances.empty() && relayed.empty())
    quit();
}

void node_state::tick() {
  log_drops();
  if (!orchestrator.has_orchestrator())
    registry->counters.is_joined = false;
  // After a delayed tick this process itself stood still, and the keep-alives
  // may still be in the mailbox.
  if (self->clock().now() - next_tick <= late_tick)
    orchestrator.check_keep_alive();
  next_tick = self->clock().now() + tick_interval;
  self->delayed_send(self, tick_interval, atom::tick_v);
}

/// At most one line per tick, independent of the number of drops.
void node_state::log_drops() {
  std::string line;
  for (std::size_t i = 0; i < drop_reasons; ++i) {
    auto reason = static_cast<drop_reason>(i);
    auto count = registry->counts.dropped(reason);
    if (auto more = count - std::exchange(logged_drops[i], count);
        more > 0 && !is_copy(reason))
      line += (line.empty() ? "" : ", ") + std::to_string(more) + " "
              + to_string(reason);
  }
  if (!line.empty())
    log_warn("node", "dropped events: ", line);
}

void node_state::stop_all() {
  if (stopping)
    return;
  stopping = true;
  acceptor.reset();
  orchestrator.close();
  instances.shut_down();
  relayed.stop();
  if (instances.empty() && relayed.empty())
    quit();
  else
    self->delayed_send(self, limits::shutdown, atom::expire_v);
}

void node_state::quit() {
  log_drops();
  self->quit();
}

node_self_actor::behavior_type node(node_state::pointer self,
                                    node_options options) {
  auto& st = self->state;
  st.init(std::move(options));
  self->set_down_handler([&st](const caf::down_msg& x) { st.on_down(x); });
  // clang-format off
  return {
    [&st](atom::start, const physical_id& id, const component_spec& x, const output_map& y, const std::string& z) { return st.instances.start(id, x, y, z); },
    [&st](atom::patch, const physical_id& id, const output_map& x) { st.instances.patch(id, x); },
    [&st](atom::stop, const physical_id& id) { st.instances.stop(id); },
    [&st](atom::prepare, const physical_id& id, const component_spec& x) { return st.instances.prepare(id, x); },
    [&st](atom::activate, const physical_id& id, const output_map& x, const std::string& y, const instance_id& z) { return st.instances.activate(id, x, y, z); },
    [&st](atom::freeze, const physical_id& id) { return st.instances.freeze(id); },
    [&st](atom::thaw, const physical_id& id) { st.instances.thaw(id); },
    [&st](atom::hand_over, const physical_id& id, const endpoint& x, std::uint32_t y) { st.instances.hand_over(id, x, y); },
    [&st](atom::keep_alive, std::uint64_t x) { return st.report(x); },
    [&st](atom::running) { return st.instances.running(); },
    [&st](atom::state, const physical_id& id) { return st.instances.state(id); },
    [&st](atom::moved, const component_spec& x, const endpoint& at) { st.relayed.on_moved(x, at); },
    [&st](atom::drop, const logical_id& x) { st.relayed.remove(x); },
    [&st](atom::hosted, const std::vector<workflow_id>& x) { st.relayed.keep(x); },
    [&st](atom::state, const physical_id& id, std::uint64_t x) { return st.instances.frozen_state(id, x); },
    [&st](atom::state, const physical_id& id, const state_part& x) { return st.instances.add_state(id, x); },
    [&st](atom::fence, const fenced_sessions& x) { st.fence(x); },
    [&st](atom::prepare, const physical_id& id, const instance_actor& x) { st.instances.on_made(id, x); },
    [&st](atom::exited, const physical_id& id, const std::string& why) { st.instances.on_exited(id, why); },
    [&st](atom::synced, const physical_id& id) { st.instances.on_synced(id); },
    [&st](atom::fetch, const code_id& x) { return st.orchestrator.fetch(x); },
    [&st](atom::dialled, const std::string&, const caf::strong_actor_ptr& x, const std::string& why) { st.orchestrator.on_dialled(x, why); },
    [&st](atom::tick) { st.tick(); },
    [&st](atom::retry) { st.orchestrator.dial(); },
    [&st](atom::expire) { st.quit(); },
    [&st](atom::expire, const physical_id& id) { st.instances.stop_unless_activated(id); },
    [&st](atom::drop, const physical_id& id) { st.registry->allow_forwarding(id, {}); },
    [&st](atom::retry, const physical_id& id) { st.instances.on_sync_pause(id); },
    [&st](atom::stop) { st.stop_all(); },
  };
  // clang-format on
}

} // namespace edgeless
