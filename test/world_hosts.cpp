// SPDX-License-Identifier: MIT
#include "test/world.hpp"

namespace edgeless::test {

void world::add_domain(const std::string& domain) {
  orchestrator_birth birth;
  birth.domain_id = domain;
  birth.keep_alive_interval = options_.keep_alive_interval;
  birth.strategy = options_.strategy;
  birth.random = random;
  birth.where = threads::pool;
  if (domain == options_.domains.front())
    birth.mirror = options_.mirror;
  orchestrator_actor made = system_.spawn(orchestrator, birth);
  orchestrators_[domain] = made;
  auto door = net_.door_of(domain);
  listeners_[domain] = std::move(*door->listen(
    {"http", domain, 7011}, caf::actor_cast<caf::strong_actor_ptr>(made),
    peer_role::orchestrator, {peer_role::node, peer_role::controller}));
}

void world::add_controller() {
  controller_birth birth;
  if (options_.store) {
    birth.store = options_.store;
    birth.known = *options_.store->load();
  }
  for (auto& domain : options_.domains)
    birth.domains.push_back({domain, "http://" + domain + ":7011"});
  birth.net = net_.door_of("controller");
  birth.random = random;
  controller_ = system_.spawn(controller, birth);
  settle();
}

void world::kill_controller() {
  caf::anon_send_exit(controller_, caf::exit_reason::kill);
  controller_ = nullptr;
  settle();
}

void world::add_node(const std::string& name, node_description details,
                     const std::string& domain) {
  node_birth birth;
  auto& x = birth.description = std::move(details);
  if (!x.id)
    x.id = draw<node_id>(random);
  x.agent_url = "http://" + name + ":7021";
  x.invocation_url = "http://" + name + ":7002";
  auto& c = x.capabilities;
  c.num_cpus = c.num_cores = 1;
  c.clock_freq_cpu = 1000;
  if (c.runtimes.empty())
    c.runtimes = {"RUST_WASM"};
  birth.orchestrator_url = "http://" + domain + ":7011";
  birth.telemetry_level = std::nullopt;
  birth.where = threads::pool;
  birth.net = net_.door_of(name);
  birth.gate_at = url{"http", name, 7002};
  auto engine = std::make_shared<script_engine>(scripts);
  birth.engine = engine;
  birth.random = random;
  auto made = system_.spawn(node, birth);
  settle();
  auto* state = &state_of<node_state, node_self_actor>(node_actor{made});
  hoods_.push_back(state->hood);
  hosts_[name] = {made,  birth.description.id, engine, state->hood,
                  state, birth.description,    domain};
}

void world::kill(const std::string& name) {
  kill(lines{name});
}

void world::kill(const lines& names) {
  for (auto& name : names) {
    caf::anon_send_exit(hosts_.at(name).handle, caf::exit_reason::kill);
    net_.forget(name);
    hosts_.erase(name);
  }
  settle();
}

void world::restart(const std::string& name) {
  auto details = hosts_.at(name).details;
  auto domain = hosts_.at(name).domain;
  kill(name);
  add_node(name, details, domain);
}

void world::shut_down(const std::string& name) {
  caf::anon_send(hosts_.at(name).handle, atom::stop_v);
  pass(2s);
  net_.forget(name);
  hosts_.erase(name);
}

void world::kill_domain(const std::string& domain) {
  end_domain(domain);
  orchestrators_.erase(domain);
  listeners_.erase(domain);
  net_.forget(domain);
  settle();
}

/// With all that lives in its process.
void world::end_domain(const std::string& domain) {
  constexpr auto reason = caf::exit_reason::kill;
  auto& brain = inside_domain(domain);
  for (auto& [id, x] : brain.components)
    caf::anon_send_exit(x.handle, reason);
  if (brain.proxy)
    caf::anon_send_exit(brain.proxy, reason);
  caf::anon_send_exit(orchestrators_.at(domain), reason);
}

void world::restart_domain(const std::string& domain) {
  kill_domain(domain);
  add_domain(domain);
}

void world::reset(const std::string& a, const std::string& b) {
  net_.reset(a, b);
  settle();
}

std::vector<std::string> world::processes() const {
  std::vector<std::string> result{"controller"};
  for (auto& [name, x] : orchestrators_)
    result.push_back(name);
  for (auto& [name, x] : hosts_)
    result.push_back(name);
  return result;
}

void world::cut(const std::string& a, const std::string& b) {
  net_.cut(a, b);
}

void world::cut_way(const std::string& from, const std::string& to) {
  net_.cut_way(from, to);
}

void world::delay(const std::string& a, const std::string& b,
                  caf::timespan takes) {
  net_.delay(a, b, takes);
}

void world::cut(const std::string& name) {
  for (auto& other : processes())
    if (other != name)
      net_.cut(name, other);
}

void world::mend(const std::string& a, const std::string& b) {
  net_.mend(a, b);
  settle();
}

void world::mend(const std::string& name) {
  for (auto& other : processes())
    if (other != name)
      net_.mend(name, other);
  settle();
}

void world::mend_all() {
  auto all = processes();
  for (auto& x : all)
    for (auto& y : all)
      if (x < y)
        net_.mend(x, y);
  settle();
}

} // namespace edgeless::test
