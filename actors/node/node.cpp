// SPDX-License-Identifier: MIT
#include "actors/node/node.hpp"

#include "actors/net/egress.hpp"
#include "actors/net/ingress.hpp"
#include "actors/node/function_provider.hpp"
#include "actors/node/telemetry.hpp"
#include "actors/resources/file_log.hpp"
#include "actors/resources/metrics_collector.hpp"
#include "actors/resources/redis_resource.hpp"

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

/// The orchestrator is lost after this many keep-alive intervals without a
/// keep-alive.
constexpr int silent_periods = 3;

} // namespace

node_state::node_state(pointer self) : self{self} {
  // nop
}

/// In the reverse order of creation.
node_state::~node_state() {
  constexpr auto reason = caf::exit_reason::user_shutdown;
  for (auto& [id, x] : instances)
    if (x.handle)
      caf::anon_send_exit(x.handle, reason);
    else
      caf::anon_send(x.provider, atom::stop_v, id);
  for (auto& [type, x] : resources)
    caf::anon_send_exit(x, reason);
  caf::anon_send_exit(functions, reason);
  caf::anon_send_exit(ingress, reason);
  caf::anon_send_exit(egress, reason);
  caf::anon_send_exit(telemetry, reason);
}

void node_state::init(node_options x) {
  options = std::move(x);
  boot = draw<boot_id>(options.random);
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
  dial_orchestrator();
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
    if (x.class_type == "file-log")
      resources.emplace(
        x.class_type,
        spawn_on(threads::pool, system, file_log_provider,
                 resource_context{registry, egress, self, threads::pool}));
    else if (x.class_type == "metrics-collector" && options.metrics)
      resources.emplace(
        x.class_type,
        spawn_on(threads::pool, system, metrics_collector_provider,
                 resource_context{registry, egress, self, options.where},
                 collector_doors{options.metrics, machine_moment}));
    else if (x.class_type == "redis" && options.redis_at)
      resources.emplace(
        x.class_type,
        spawn_on(threads::pool, system, redis_resource_provider,
                 resource_context{registry, egress, self, options.where},
                 options.redis_at));
}

void node_state::listen() {
  if (!options.ingress_url)
    return;
  auto opened = options.net->listen(
    *options.ingress_url, caf::actor_cast<caf::strong_actor_ptr>(ingress),
    peer_role::node, {peer_role::node, peer_role::client});
  if (opened)
    acceptor = std::move(*opened);
  else
    log_error("node",
              "ingress: cannot listen, events from other nodes do not "
              "arrive: ",
              opened.error());
}

// -- membership ---------------------------------------------------------------

void node_state::dial_orchestrator() {
  if (is_dialling || stopping)
    return;
  is_dialling = true;
  options.net->dial(options.orchestrator_url, peer_role::node,
                    peer_role::orchestrator, "",
                    caf::actor_cast<caf::strong_actor_ptr>(self));
}

void node_state::dialled(const caf::strong_actor_ptr& peer,
                         const std::string& reason) {
  is_dialling = false;
  if (!peer) {
    on_orchestrator_lost(reason);
    return;
  }
  orchestrator = caf::actor_cast<orchestrator_actor>(peer);
  self->monitor(orchestrator);
  join();
}

void node_state::join() {
  auto asked = orchestrator;
  auto brought = running();
  self
    ->request(asked, limits::local, atom::join_v, options.description,
              node_actor{self}, boot, brought)
    .then(
      [this, asked, brought](const welcome& x) {
        if (asked != orchestrator)
          return;
        on_welcome(x);
        report_ended(brought);
      },
      [this, asked](const caf::error& x) {
        if (asked == orchestrator)
          on_orchestrator_lost(explain(x));
      });
}

void node_state::on_welcome(const welcome& x) {
  failed_attempts = 0;
  session = x.session;
  keep_alive_interval = std::chrono::milliseconds{x.keep_alive_ms};
  last_heard = self->clock().now();
  log_info("node", "joined orchestrator=", options.orchestrator_url,
           " session=", session, " instances=", instances.size(),
           " replaced=", x.stop.size());
  replaced.clear();
  for (auto& id : x.stop) {
    if (instances.contains(id))
      replaced.insert(id);
    stop(id);
  }
  announce_session();
  watch_orchestrator();
}

/// The new session is announced when all replaced instances have ended: until
/// then, events leave in the old session, which peers refuse once it is fenced.
void node_state::announce_session() {
  if (replaced.empty())
    self->send(egress, atom::join_v, session);
}

/// Reports the instances that ended between join and welcome: there was no
/// session to report them in.
void node_state::report_ended(const inventory& brought) {
  for (auto& x : brought) {
    auto i = instances.find(x.instance);
    if (i == instances.end() || !i->second.running)
      self->send(orchestrator, atom::exited_v, session, x.component, x.instance,
                 std::string{"it ended while its node joined the domain"});
  }
}

void node_state::on_orchestrator_lost(const std::string& reason) {
  if (stopping)
    return;
  if (failed_attempts++ == 0)
    log_warn("node",
             "not joined, retrying: orchestrator=", options.orchestrator_url,
             " reason=", reason);
  if (orchestrator)
    self->demonitor(orchestrator.address());
  orchestrator = nullptr;
  // The jitter keeps the nodes of a domain from dialling all at once.
  auto pause
    = limits::redial + std::chrono::milliseconds{options.random() % 100};
  self->delayed_send(self, pause, atom::retry_v);
}

/// Answers at once, with the samples that TELEMETRY has delivered before.
/// Unacknowledged samples are sent again.
node_report node_state::report(std::uint64_t taken) {
  last_heard = self->clock().now();
  registry->counters.hear_keep_alive();
  if (taken == sent.number) {
    if (ready.number > sent.number)
      sent = std::exchange(ready, {});
    else
      sent = {sent.number, {}, 0};
  }
  fetch_samples();
  return {options.health ? options.health() : node_health{}, running_digest,
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

/// Detects a silent orchestrator: a broken connection may not be reported.
/// After a delayed tick the node itself stood still, and waits for one more
/// tick.
void node_state::watch_orchestrator() {
  auto late = self->clock().now() - next_tick > late_tick;
  if (!orchestrator || keep_alive_interval.count() == 0 || late)
    return;
  auto timeout
    = silent_periods
      * std::max<caf::timespan>(keep_alive_interval, limits::keep_alive_min);
  if (self->clock().now() - last_heard > timeout)
    on_orchestrator_lost("no keep-alive within "
                         + std::to_string(silent_periods) + " intervals");
}

// -- timer and shutdown -------------------------------------------------------

void node_state::tick() {
  log_drops();
  watch_orchestrator();
  next_tick = self->clock().now() + tick_interval;
  self->delayed_send(self, tick_interval, atom::tick_v);
}

/// At most one line per tick, independent of the number of drops.
void node_state::log_drops() {
  std::string line;
  for (std::size_t i = 0; i < drop_reasons; ++i) {
    auto reason = static_cast<drop_reason>(i);
    auto count = registry->counts.dropped(reason);
    if (auto more = count - std::exchange(logged_drops[i], count); more > 0)
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
  for (auto& [id, x] : instances) {
    x.stopping = true; // its end is not reported
    if (x.handle)
      self->send(x.handle, atom::stop_v);
  }
  if (instances.empty())
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
    [&st](atom::start, const physical_id& id, const component_spec& x, const output_map& y, const std::string& z) { return st.start(id, x, y, z); },
    [&st](atom::patch, const physical_id& id, const output_map& x) { st.patch(id, x); },
    [&st](atom::stop, const physical_id& id) { st.stop(id); },
    [&st](atom::prepare, const physical_id& id, const component_spec& x) { return st.prepare(id, x); },
    [&st](atom::activate, const physical_id& id, const output_map& x, const std::string& y, const instance_id& z) { return st.activate(id, x, y, z); },
    [&st](atom::freeze, const physical_id& id) { return st.freeze(id); },
    [&st](atom::thaw, const physical_id& id) { st.thaw(id); },
    [&st](atom::hand_over, const physical_id& id, const endpoint& x, std::uint32_t y) { st.hand_over(id, x, y); },
    [&st](atom::keep_alive, std::uint64_t taken) { return st.report(taken); },
    [&st](atom::running) { return st.running(); },
    [&st](atom::state, const physical_id& id) { return st.state(id); },
    [&st](atom::fence, const fenced_sessions& x) { st.fence(x); },
    [&st](atom::prepare, const physical_id& id, const instance_actor& x) { st.on_instance_made(id, x); },
    [&st](atom::exited, const physical_id& id, const std::string& why) { st.exited(id, why); },
    [&st](atom::synced, const physical_id& id, const std::string& x) { st.on_synced(id, x); },
    [&st](atom::fetch, const code_id& x) { return st.fetch(x); },
    [&st](atom::dialled, const std::string&, const caf::strong_actor_ptr& x, const std::string& why) { st.dialled(x, why); },
    [&st](atom::tick) { st.tick(); },
    [&st](atom::retry) { if (!st.orchestrator) st.dial_orchestrator(); },
    [&st](atom::expire) { st.quit(); },
    [&st](atom::expire, const physical_id& id) { st.stop_unless_activated(id); },
    [&st](atom::drop, const physical_id& id) { st.registry->allow_forwarding(id, {}); },
    [&st](atom::synced, const physical_id& id) { st.send_state(id); },
    [&st](atom::stop) { st.stop_all(); },
  };
  // clang-format on
}

} // namespace edgeless
