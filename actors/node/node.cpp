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

/// How often the node looks after itself.
constexpr auto tick_interval = 1s;
/// Later than this, a tick has been held up.
constexpr auto tardy = 250ms;

/// Keep-alive periods without a word before the orchestrator counts as gone.
constexpr int silent_periods = 3;

} // namespace

node_state::node_state(pointer self) : self{self} {
  // nop
}

/// In the reverse order of birth.
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
  caf::anon_send_exit(gate, reason);
  caf::anon_send_exit(links, reason);
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
  links = spawn_at_network(options.where, system, edgeless::links, registry,
                           options.net, options.random,
                           options.description.invocation_url);
  gate
    = spawn_at_network(options.where, system, edgeless::gate, registry, links);
  spawn_providers();
  listen();
  look_for_orchestrator();
  next_tick = self->clock().now() + tick_interval;
  self->delayed_send(self, tick_interval, atom::tick_v);
}

void node_state::spawn_providers() {
  auto& system = self->system();
  if (options.engine) {
    function_context context;
    context.registry = registry;
    context.links = links;
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
                 resource_context{registry, links, self, threads::pool}));
    else if (x.class_type == "metrics-collector" && options.metrics)
      resources.emplace(
        x.class_type,
        spawn_on(threads::pool, system, metrics_collector_provider,
                 resource_context{registry, links, self, options.where},
                 collector_doors{options.metrics, machine_moment}));
    else if (x.class_type == "redis" && options.redis_at)
      resources.emplace(
        x.class_type,
        spawn_on(threads::pool, system, redis_resource_provider,
                 resource_context{registry, links, self, options.where},
                 options.redis_at));
}

void node_state::listen() {
  if (!options.gate_at)
    return;
  auto opened = options.net->listen(
    *options.gate_at, caf::actor_cast<caf::strong_actor_ptr>(gate),
    peer_role::node, {peer_role::node, peer_role::client});
  if (opened)
    acceptor = std::move(*opened);
  else
    log_error("node", "no events from other nodes: ", opened.error());
}

// -- membership ---------------------------------------------------------------

void node_state::look_for_orchestrator() {
  if (looking || stopping)
    return;
  looking = true;
  options.net->dial(options.orchestrator_url, peer_role::node,
                    peer_role::orchestrator, "",
                    caf::actor_cast<caf::strong_actor_ptr>(self));
}

void node_state::dialled(const caf::strong_actor_ptr& whom,
                         const std::string& reason) {
  looking = false;
  if (!whom) {
    lose_orchestrator(reason);
    return;
  }
  orchestrator = caf::actor_cast<orchestrator_actor>(whom);
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
        settle(x);
        tell_ended(brought);
      },
      [this, asked](const caf::error& x) {
        if (asked == orchestrator)
          lose_orchestrator(explain(x));
      });
}

void node_state::settle(const welcome& x) {
  attempts = 0;
  session = x.session;
  keep_alive_interval = std::chrono::milliseconds{x.keep_alive_ms};
  last_heard = self->clock().now();
  log_info("node", "joined ", options.orchestrator_url, " in session ", session,
           ", ", instances.size(), " instances, ", x.stop.size(),
           " of them not wanted");
  unwanted.clear();
  for (auto& id : x.stop) {
    if (instances.contains(id))
      unwanted.insert(id);
    stop(id);
  }
  tell_egress();
  watch_orchestrator();
}

/// The new session is for those who may stay: until the others are gone, events
/// leave in the old one, and are refused where that is fenced.
void node_state::tell_egress() {
  if (unwanted.empty())
    self->send(links, atom::join_v, session);
}

/// What was brought along and has ended since: until the welcome, there was no
/// session to say it under.
void node_state::tell_ended(const inventory& brought) {
  for (auto& x : brought) {
    auto i = instances.find(x.instance);
    if (i == instances.end() || !i->second.running)
      self->send(orchestrator, atom::exited_v, session, x.component, x.instance,
                 std::string{"it ended while its node joined"});
  }
}

void node_state::lose_orchestrator(const std::string& reason) {
  if (stopping)
    return;
  if (attempts++ == 0)
    log_warn("node", "no orchestrator at ", options.orchestrator_url, ": ",
             reason, "; trying again");
  if (orchestrator)
    self->demonitor(orchestrator.address());
  orchestrator = nullptr;
  // Jittered, so that the nodes of a domain do not come back all at once.
  auto pause
    = limits::redial + std::chrono::milliseconds{options.random() % 100};
  self->delayed_send(self, pause, atom::proceed_v);
}

/// Proof of life is given at once: the samples are those that TELEMETRY has
/// handed over before. What is not acknowledged is sent again.
node_report node_state::report(std::uint64_t taken) {
  last_heard = self->clock().now();
  registry->counters.record_keep_alive();
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

/// Both ends notice silence: a connection may be dead and not know it. Who
/// comes late stood still himself, and looks again before he says so.
void node_state::watch_orchestrator() {
  auto late = self->clock().now() - next_tick > tardy;
  if (!orchestrator || keep_alive_interval.count() == 0 || late)
    return;
  auto timeout
    = silent_periods
      * std::max<caf::timespan>(keep_alive_interval, limits::keep_alive_min);
  if (self->clock().now() - last_heard > timeout)
    lose_orchestrator("no keep-alive in " + std::to_string(silent_periods)
                      + " periods");
}

// -- looking after itself -----------------------------------------------------

void node_state::tick() {
  tell_drops();
  watch_orchestrator();
  next_tick = self->clock().now() + tick_interval;
  self->delayed_send(self, tick_interval, atom::tick_v);
}

/// One line a second, however much is dropped.
void node_state::tell_drops() {
  std::string line;
  for (std::size_t i = 0; i < drop_reasons; ++i) {
    auto reason = static_cast<drop_reason>(i);
    auto count = registry->counts.dropped(reason);
    if (auto more = count - std::exchange(told_drops[i], count); more > 0)
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
    x.stopping = true; // nobody needs to hear that it ended
    if (x.handle)
      self->send(x.handle, atom::stop_v);
  }
  if (instances.empty())
    leave();
  else
    self->delayed_send(self, limits::shutdown, atom::expire_v);
}

void node_state::leave() {
  tell_drops();
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
    [&st](atom::prepare, const physical_id& id, const instance_actor& x) { st.meet(id, x); },
    [&st](atom::exited, const physical_id& id, const std::string& why) { st.exited(id, why); },
    [&st](atom::synced, const physical_id& id, const std::string& x) { st.synced(id, x); },
    [&st](atom::fetch, const code_id& x) { return st.fetch(x); },
    [&st](atom::dialled, const std::string&, const caf::strong_actor_ptr& x, const std::string& why) { st.dialled(x, why); },
    [&st](atom::tick) { st.tick(); },
    [&st](atom::proceed) { if (!st.orchestrator) st.look_for_orchestrator(); },
    [&st](atom::expire) { st.leave(); },
    [&st](atom::expire, const physical_id& id) { st.drop_unless_activated(id); },
    [&st](atom::drop, const physical_id& id) { st.registry->admit(id, {}); },
    [&st](atom::synced, const physical_id& id) { st.send_state(id); },
    [&st](atom::stop) { st.stop_all(); },
  };
  // clang-format on
}

} // namespace edgeless
