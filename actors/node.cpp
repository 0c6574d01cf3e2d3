// SPDX-License-Identifier: MIT
#include "actors/node.hpp"

#include "actors/file_log.hpp"
#include "actors/function_provider.hpp"
#include "actors/gate.hpp"
#include "actors/links.hpp"
#include "actors/telemetry.hpp"

#include "runtime/annotations.hpp"
#include "runtime/log.hpp"
#include "runtime/sha256.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

namespace edgeless {

using namespace std::chrono_literals;

namespace {

/// How often the node looks after itself.
constexpr auto beat = 1s;

/// Keep-alive periods without a word before the orchestrator counts as gone.
constexpr int silent_periods = 3;

/// What predecessors left for their successors, all together.
constexpr std::size_t max_states_bytes = 64u << 20;

} // namespace

node_state::node_state(pointer self) : self{self} {
  // nop
}

/// In the reverse order of birth.
node_state::~node_state() {
  constexpr auto reason = caf::exit_reason::user_shutdown;
  for (auto& [id, x] : tenants)
    caf::anon_send_exit(x.handle, reason);
  for (auto& [type, x] : resources)
    caf::anon_send_exit(x, reason);
  caf::anon_send_exit(functions, reason);
  caf::anon_send_exit(gate, reason);
  caf::anon_send_exit(links, reason);
  caf::anon_send_exit(telemetry, reason);
}

void node_state::init(node_birth x) {
  birth = std::move(x);
  boot = draw<boot_id>(birth.random);
  hood = std::make_shared<neighbourhood>(birth.description.id);
  auto& system = self->system();
  telemetry = spawn_on(threads::pool, system, edgeless::telemetry, hood,
                       birth.telemetry_level);
  links = spawn_on(birth.where, system, edgeless::links, hood, birth.net,
                   birth.random, birth.description.invocation_url);
  gate = spawn_on(birth.where, system, edgeless::gate, hood, links);
  spawn_providers();
  listen();
  look_for_orchestrator();
  self->delayed_send(self, beat, atom::tick_v);
}

void node_state::spawn_providers() {
  auto& system = self->system();
  if (birth.engine) {
    function_house house;
    house.hood = hood;
    house.links = links;
    house.telemetry = telemetry;
    house.node = self;
    house.engine = birth.engine;
    house.patience
      = std::chrono::duration_cast<std::chrono::milliseconds>(2 * 2s);
    house.where = birth.where;
    functions = spawn_on(birth.where, system, function_provider, house);
  }
  for (auto& x : birth.description.providers)
    if (x.class_type == "file-log")
      resources.emplace(x.class_type,
                        spawn_on(threads::pool, system, file_log_provider,
                                 resource_house{hood, links}));
}

void node_state::listen() {
  if (!birth.gate_at)
    return;
  auto opened = birth.net->listen(
    *birth.gate_at, caf::actor_cast<caf::strong_actor_ptr>(gate),
    peer_role::node, {peer_role::node, peer_role::client});
  if (opened)
    door = std::move(*opened);
  else
    log_error("node", "no events from other nodes: ", opened.error());
}

// -- membership -------------------------------------------------------------------

void node_state::look_for_orchestrator() {
  if (looking || stopping)
    return;
  looking = true;
  birth.net->dial(birth.orchestrator_url, peer_role::node,
                  peer_role::orchestrator,
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
    ->request(asked, limits::local, atom::join_v, birth.description,
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
  log_info("node", "joined ", birth.orchestrator_url, " in session ", session,
           ", ", tenants.size(), " instances, ", x.stop.size(),
           " of them not wanted");
  self->send(links, atom::join_v, session);
  for (auto& id : x.stop)
    stop(id);
  watch_orchestrator();
}

/// What was brought along and has ended since: until the welcome, there was no
/// session to say it under.
void node_state::tell_ended(const inventory& brought) {
  for (auto& x : brought) {
    auto i = tenants.find(x.instance);
    if (i == tenants.end() || !i->second.running)
      self->send(orchestrator, atom::exited_v, session, x.component,
                 x.instance, std::string{"it ended while its node joined"});
  }
}

void node_state::lose_orchestrator(const std::string& reason) {
  if (stopping)
    return;
  if (attempts++ == 0)
    log_warn("node", "no orchestrator at ", birth.orchestrator_url, ": ",
             reason, "; trying again");
  if (orchestrator)
    self->demonitor(orchestrator.address());
  orchestrator = nullptr;
  // Jittered, so that the nodes of a domain do not come back all at once.
  auto pause = limits::redial + std::chrono::milliseconds{birth.random() % 100};
  self->delayed_send(self, pause, atom::proceed_v);
}

node_report node_state::report() {
  last_heard = self->clock().now();
  return {birth.health ? birth.health() : node_health{}, running_digest};
}

/// Both ends notice silence: a connection may be dead and not know it.
void node_state::watch_orchestrator() {
  if (!orchestrator || keep_alive_interval.count() == 0)
    return;
  auto patience = silent_periods
                  * std::max<caf::timespan>(keep_alive_interval,
                                            limits::keep_alive_min);
  if (self->clock().now() - last_heard > patience)
    lose_orchestrator("no keep-alive in "
                      + std::to_string(silent_periods) + " periods");
}

// -- instances --------------------------------------------------------------------

provider_actor node_state::provider_of(const component_spec& spec) const {
  if (spec.kind == component_kind::function)
    return spec.function_type == "RUST_WASM" ? functions : provider_actor{};
  auto i = resources.find(spec.class_id);
  return i == resources.end() ? provider_actor{} : i->second;
}

caf::result<atom::ok> node_state::start(const physical_id& id,
                                        const component_spec& spec,
                                        const output_map& outputs,
                                        const std::string& state) {
  if (stopping)
    return fail(ec::stopping, "the node is stopping");
  auto provider = provider_of(spec);
  if (!provider)
    return fail(ec::unknown_class,
                "this node makes no " + spec.class_id
                  + (spec.kind == component_kind::function
                       ? " of type " + spec.function_type
                       : std::string{}));
  auto [i, is_new] = tenants.try_emplace(id);
  if (!is_new) {
    if (i->second.running)
      return atom::ok_v;
    return fail(ec::duplicate, "this instance is being started");
  }
  i->second.spec = spec;
  i->second.provider = provider;
  i->second.revision = outputs.revision;
  auto promise = self->make_response_promise<atom::ok>();
  self->request(provider, limits::node_start, atom::prepare_v, id, spec)
    .then(
      [this, id, outputs, state, promise](const instance_actor& made) {
        auto& x = tenants[id];
        x.handle = made;
        self->monitor(made);
        tenants_by_actor.emplace(made.id(), id);
        activate(id, outputs, state, promise);
      },
      [this, id, promise](const caf::error& x) mutable {
        tenants.erase(id);
        promise.deliver(x);
      });
  return promise;
}

void node_state::activate(const physical_id& id, const output_map& outputs,
                          const std::string& state,
                          caf::typed_response_promise<atom::ok> promise) {
  auto& x = tenants[id];
  if (x.stopping) {
    self->send(x.handle, atom::stop_v);
    promise.deliver(fail(ec::stopping, "stopped before it was started"));
    return;
  }
  self
    ->request(x.handle, limits::node_start, atom::activate_v, outputs,
              state_for(x.spec, state))
    .then(
      [this, id, promise](atom::ok) mutable {
        if (auto i = tenants.find(id); i != tenants.end())
          set_running(id, i->second, true);
        promise.deliver(atom::ok_v);
      },
      [this, id, promise](const caf::error& x) mutable {
        stop(id);
        promise.deliver(x);
      });
}

void node_state::patch(const physical_id& id, const output_map& outputs) {
  auto i = tenants.find(id);
  if (i == tenants.end() || outputs.revision < i->second.revision)
    return;
  i->second.revision = outputs.revision;
  if (i->second.handle)
    self->send(i->second.handle, atom::patch_v, outputs);
}

void node_state::stop(const physical_id& id) {
  auto i = tenants.find(id);
  if (i == tenants.end() || i->second.stopping)
    return;
  auto& x = i->second;
  // A move starts afresh: what was synced here is of no use anymore. What has
  // never run leaves it to its successor.
  if (x.running)
    if (auto state = states.extract(x.spec.id))
      states_bytes -= state.mapped().size();
  set_running(id, x, false);
  x.stopping = true;
  if (x.handle)
    self->send(x.handle, atom::stop_v);
  else
    self->send(x.provider, atom::stop_v, id);
}

void node_state::exited(const physical_id& id, const std::string& reason) {
  auto i = tenants.find(id);
  if (i == tenants.end() || i->second.stopping)
    return;
  auto& x = i->second;
  log_warn("node", x.spec.name, " (", x.spec.class_id, ", instance ", id,
           ") ended: ", reason);
  set_running(id, x, false);
  x.stopping = true;
  if (orchestrator)
    self->send(orchestrator, atom::exited_v, session, x.spec.id, id, reason);
}

void node_state::bereave(const caf::down_msg& x) {
  if (orchestrator && x.source == orchestrator.address()) {
    lose_orchestrator("the connection is broken");
    return;
  }
  auto i = tenants_by_actor.find(x.source.id());
  if (i == tenants_by_actor.end())
    return;
  auto id = i->second;
  exited(id, explain(x.reason));
  hood->remove(id);
  tenants.erase(id);
  tenants_by_actor.erase(i);
  if (stopping && tenants.empty())
    leave();
}

void node_state::set_running(const physical_id& id, tenant& x, bool now) {
  if (x.running == now)
    return;
  x.running = now;
  running_digest += now ? digest(id) : -digest(id);
}

void node_state::fence(const node_id& peer, const session_id& dead) {
  self->send(links, atom::fence_v, peer, dead);
  self->send(gate, atom::fence_v, peer, dead);
  if (peer == birth.description.id)
    return; // a former session of our own
  for (auto& [id, x] : tenants)
    if (x.handle)
      self->send(x.handle, atom::fence_v, peer);
}

void node_state::synced(const physical_id& id, const std::string& state) {
  auto i = tenants.find(id);
  if (i == tenants.end() || i->second.stopping
      || state_policy_of(i->second.spec.settings) == state_policy::transient)
    return;
  auto& kept = states[i->second.spec.id];
  states_bytes += state.size() - kept.size();
  kept = state;
  if (states_bytes > max_states_bytes) {
    log_warn("node", "no room to keep the state of ", i->second.spec.name);
    states_bytes -= kept.size();
    states.erase(i->second.spec.id);
  }
}

std::string node_state::state_for(const component_spec& spec,
                                  const std::string& given) const {
  if (!given.empty())
    return given;
  auto i = states.find(spec.id);
  return i == states.end() ? std::string{} : i->second;
}

inventory node_state::running() const {
  inventory result;
  for (auto& [id, x] : tenants)
    if (x.running)
      result.push_back(
        {x.spec.id, id, x.spec.workflow, fingerprint(x.spec), x.revision});
  return result;
}

// -- modules ------------------------------------------------------------------------

caf::result<std::string> node_state::fetch(const code_id& code) {
  if (!orchestrator)
    return fail(ec::unreachable, "no orchestrator to fetch the module from");
  auto promise = self->make_response_promise<std::string>();
  fetch_part(code, {}, promise);
  return promise;
}

void node_state::fetch_part(const code_id& code, std::string so_far,
                            caf::typed_response_promise<std::string> promise) {
  self
    ->request(orchestrator, limits::local, atom::fetch_v, code,
              std::uint64_t{so_far.size()})
    .then(
      [this, code, so_far, promise](const code_part& x) mutable {
        so_far += x.bytes;
        auto sound = x.size <= limits::module && so_far.size() <= x.size
                     && !x.bytes.empty();
        if (sound && so_far.size() < x.size && orchestrator)
          fetch_part(code, std::move(so_far), promise);
        else if (sound && sha256(so_far) == code)
          promise.deliver(std::move(so_far));
        else
          promise.deliver(fail(ec::unknown_code,
                               "module " + code + " arrived damaged"));
      },
      [promise](const caf::error& x) mutable { promise.deliver(x); });
}

// -- looking after itself --------------------------------------------------------------

void node_state::tick() {
  self->delayed_send(self, beat, atom::tick_v);
  tell_drops();
  watch_orchestrator();
}

/// One line a second, however much is dropped.
void node_state::tell_drops() {
  std::string line;
  for (std::size_t i = 0; i < drop_reasons; ++i) {
    auto reason = static_cast<drop_reason>(i);
    auto count = hood->counts.dropped(reason);
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
  door.reset();
  for (auto& [id, x] : tenants) {
    x.stopping = true; // nobody needs to hear that it ended
    if (x.handle)
      self->send(x.handle, atom::stop_v);
  }
  if (tenants.empty())
    leave();
  else
    self->delayed_send(self, limits::shutdown, atom::expire_v);
}

void node_state::leave() {
  tell_drops();
  self->quit();
}

node_self_actor::behavior_type node(node_state::pointer self, node_birth birth) {
  auto& st = self->state;
  st.init(std::move(birth));
  self->set_down_handler([&st](const caf::down_msg& x) { st.bereave(x); });
  // clang-format off
  return {
    [&st](atom::start, const physical_id& id, const component_spec& x, const output_map& y, const std::string& z) { return st.start(id, x, y, z); },
    [&st](atom::patch, const physical_id& id, const output_map& x) { st.patch(id, x); },
    [&st](atom::stop, const physical_id& id) { st.stop(id); },
    [&st](atom::keep_alive) { return st.report(); },
    [&st](atom::running) { return st.running(); },
    [&st](atom::fence, const node_id& x, const session_id& y) { st.fence(x, y); },
    [&st](atom::exited, const physical_id& id, const std::string& why) { st.exited(id, why); },
    [&st](atom::synced, const physical_id& id, const std::string& x) { st.synced(id, x); },
    [&st](atom::fetch, const code_id& x) { return st.fetch(x); },
    [&st](atom::dialled, const std::string&, const caf::strong_actor_ptr& x, const std::string& why) { st.dialled(x, why); },
    [&st](atom::tick) { st.tick(); },
    [&st](atom::proceed) { if (!st.orchestrator) st.look_for_orchestrator(); },
    [&st](atom::expire) { st.leave(); },
    [&st](atom::stop) { st.stop_all(); },
  };
  // clang-format on
}

} // namespace edgeless
