// SPDX-License-Identifier: MIT
#include "test/world.hpp"

#include "runtime/sha256.hpp"

#include <doctest/doctest.h>

namespace edgeless::test {

caf::actor_system_config& world::configure(caf::actor_system_config& x) {
  x.set("scheduler.policy", caf::atom("testing"));
  x.set("logger.verbosity", caf::atom("quiet"));
  x.add_message_types<caf::id_block::edgeless_types>();
  x.add_message_types<caf::id_block::edgeless_atoms>();
  x.add_message_types<caf::id_block::edgeless_handles>();
  return x;
}

world::world() : world{options{}} {
  // nop
}

world::world(options x)
  : options_{std::move(x)}, system_{configure(config_)},
    scheduler_{
      dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())},
    self_{system_}, net_{system_} {
  auto generator = std::make_shared<std::mt19937_64>(options_.seed);
  random = [generator] {
    return (*generator)();
  };
  scheduler_.clock().current_time += 1h;
  write_scripts();
  for (auto& domain : options_.domains)
    add_domain(domain);
  add_controller();
}

world::~world() {
  for (auto& [name, x] : hosts_)
    caf::anon_send_exit(x.handle, caf::exit_reason::kill);
  for (auto& x : askers_)
    caf::anon_send_exit(x, caf::exit_reason::kill);
  for (auto& [name, x] : orchestrators_)
    caf::anon_send(x, atom::stop_v);
  caf::anon_send_exit(controller_, caf::exit_reason::kill);
  net_.close();
  hosts_.clear();
  orchestrators_.clear();
  controller_ = nullptr;
  settle();
}

// -- what happens
// -----------------------------------------------------------------

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
  for (auto& domain : options_.domains)
    birth.domains.push_back({domain, "http://" + domain + ":7011"});
  birth.net = net_.door_of("controller");
  birth.random = random;
  controller_ = system_.spawn(controller, birth);
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
  node_state* state = nullptr;
  auto made = system_.spawn(node, birth);
  settle();
  // White-box: the ledger is what the law of the simulation is about.
  using actor_type = caf::stateful_actor<node_state, node_self_actor::base>;
  state
    = &dynamic_cast<actor_type&>(*caf::actor_cast<caf::abstract_actor*>(made))
         .state;
  hoods_.push_back(state->hood);
  hosts_[name] = {made,  birth.description.id, engine, state->hood,
                  state, birth.description,    domain};
}

void world::kill(const std::string& name) {
  auto& x = hosts_.at(name);
  caf::anon_send_exit(x.handle, caf::exit_reason::kill);
  net_.forget(name);
  hosts_.erase(name);
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
  caf::anon_send(orchestrators_.at(domain), atom::stop_v);
  orchestrators_.erase(domain);
  listeners_.erase(domain);
  net_.forget(domain);
  settle();
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

template <class T, class Handle, class... Ts>
caf::expected<T> world::ask(const Handle& whom, Ts... xs) {
  auto request = self_->request(whom, caf::infinite, std::move(xs)...);
  settle();
  // What takes time is waited for, on virtual time.
  for (int i = 0; i < 60 && self_->mailbox().empty(); ++i)
    pass(500ms);
  caf::expected<T> result{fail(ec::unreachable, "nobody answered")};
  if (self_->mailbox().empty())
    return result;
  request.receive([&](T& x) { result = std::move(x); },
                  [&](caf::error& x) { result = std::move(x); });
  return result;
}

void world::upload(const std::string& module) {
  auto done
    = ask<std::uint64_t>(controller_, atom::upload_v,
                         code_part{sha256(module), module.size(), 0, module});
  REQUIRE(done);
}

caf::error world::try_start(std::vector<component_draft> components) {
  return try_start(draw<workflow_id>(random), std::move(components));
}

caf::error world::try_start(const workflow_id& id,
                            std::vector<component_draft> components) {
  workflow_spec spec;
  for (auto& x : components)
    if (x.kind == component_kind::function)
      upload(x.class_id);
  spec.components = std::move(components);
  auto result = ask<workflow_status>(controller_, atom::start_v, id, spec);
  if (!result)
    return result.error();
  status = *result;
  if (!std::count(workflows_.begin(), workflows_.end(), id))
    workflows_.push_back(id);
  return caf::none;
}

workflow_id world::start(std::vector<component_draft> components) {
  auto problem = try_start(std::move(components));
  INFO(explain(problem));
  REQUIRE(!problem);
  return status.id;
}

void world::stop(const workflow_id& id) {
  REQUIRE(ask<atom::ok>(controller_, atom::stop_v, id));
  std::erase(workflows_, id);
}

void world::stop(const std::string& node, const physical_id& instance) {
  caf::anon_send(hosts_.at(node).handle, atom::stop_v, instance);
}

void world::post(const std::string& component, const std::string& payload) {
  auto x = look(component);
  REQUIRE(x.instance);
  post(node_of(x.instance), x.instance, payload);
}

void world::post(const std::string& node, const physical_id& instance,
                 const std::string& payload) {
  REQUIRE(hosts_.contains(node));
  auto& hood = *hosts_.at(node).hood;
  auto there = hood.find(instance);
  REQUIRE(there);
  event e;
  e.payload = payload;
  hood.counts.count_sent(1);
  deliver(hood, *there, {e}, [](const event&) {});
}

void world::cast_to(const std::string& component, const std::string& payload) {
  post(component, payload);
  settle();
}

void world::cast_to(const std::string& node, const physical_id& instance,
                    const std::string& payload) {
  post(node, instance, payload);
  settle();
}

void world::settle() {
  while (scheduler_.has_job())
    run(1);
}

void world::run(int turns) {
  auto& jobs = scheduler_.jobs;
  for (int i = 0; i < turns && !jobs.empty(); ++i) {
    auto lucky = options_.shuffled ? random() % jobs.size() : 0;
    std::rotate(jobs.begin(), jobs.begin() + static_cast<std::ptrdiff_t>(lucky),
                jobs.end());
    auto job = jobs.front();
    scheduler_.try_run_once();
    // Who has more to do goes to the back of the queue, as in a real pool.
    if (!jobs.empty() && jobs.front() == job)
      std::rotate(jobs.begin(), jobs.begin() + 1, jobs.end());
  }
}

void world::hurry(caf::timespan duration) {
  scheduler_.advance_time(duration);
}

void world::pass(caf::timespan duration) {
  settle();
  auto& clock = scheduler_.clock();
  auto end = clock.now() + duration;
  while (scheduler_.has_pending_timeout()
         && clock.schedule().begin()->first <= end) {
    scheduler_.advance_time(clock.schedule().begin()->first - clock.now());
    settle();
  }
  scheduler_.advance_time(end - clock.now());
  settle();
}

// -- what can be seen
// ---------------------------------------------------------------

workflow_status world::look(const workflow_id& id) {
  auto result = ask<workflow_status>(controller_, atom::inspect_v, id);
  REQUIRE(result);
  return *result;
}

component_status world::look(const std::string& component) {
  for (auto& id : workflows_)
    for (auto& x : look(id).components)
      if (x.name == component)
        return x;
  FAIL("no component ", component);
  return {};
}

std::string world::node_of(const physical_id& instance) const {
  for (auto& [name, x] : hosts_)
    if (x.hood->find(instance))
      return name;
  return "nowhere";
}

std::string world::node_of(guest_host& host) const {
  return node_of(host.self().instance);
}

void world::note(guest_host& host, const std::string& who,
                 const std::string& what) {
  journal.push_back(who + "@" + node_of(host) + what);
}

std::string world::home(const std::string& component) {
  auto x = look(component);
  return x.phase == component_phase::running ? node_of(x.instance) : "nowhere";
}

lines world::sightings(const std::string& component) {
  auto id = look(component).id;
  lines result;
  for (auto& [name, x] : hosts_)
    for (auto& [instance, tenant] : x.state->tenants)
      if (tenant.spec.id == id && tenant.running)
        result.push_back(name);
  return result;
}

std::vector<workflow_id> world::list() {
  auto result = ask<std::vector<workflow_id>>(controller_, atom::list_v);
  REQUIRE(result);
  return *result;
}

caf::expected<std::uint64_t> world::try_upload(const code_part& part) {
  return ask<std::uint64_t>(controller_, atom::upload_v, part);
}

std::vector<domain_description> world::domains() {
  auto result
    = ask<std::vector<domain_description>>(controller_, atom::domains_v);
  REQUIRE(result);
  return *result;
}

std::uint64_t world::sent() const {
  std::uint64_t sum = 0;
  for (auto& x : hoods_)
    sum += x->counts.sent();
  return sum;
}

std::uint64_t world::handled() const {
  std::uint64_t sum = 0;
  for (auto& x : hoods_)
    sum += x->counts.handled();
  return sum;
}

std::uint64_t world::dropped() const {
  std::uint64_t sum = 0;
  for (auto& x : hoods_)
    sum += x->counts.dropped();
  return sum;
}

std::uint64_t world::dropped(drop_reason reason) const {
  std::uint64_t sum = 0;
  for (auto& x : hoods_)
    sum += x->counts.dropped(reason);
  return sum;
}

bool world::balanced() const {
  INFO("sent ", sent(), ", handled ", handled(), ", dropped ", dropped());
  return sent() == handled() + dropped();
}

bool world::accounted() const {
  return sent() <= handled() + dropped();
}

bool world::balanced_but_for_doubt() const {
  auto doubt = dropped(drop_reason::peer_lost) + dropped(drop_reason::fenced);
  return accounted() && handled() + dropped() - doubt <= sent();
}

node_id world::id_of(const std::string& node) const {
  return hosts_.at(node).id;
}

node_state& world::inside(const std::string& node) {
  return *hosts_.at(node).state;
}

neighbourhood& world::hood(const std::string& node) {
  return *hosts_.at(node).hood;
}

int world::compiled(const std::string& node) const {
  return hosts_.at(node).engine->compiled;
}

std::size_t world::actors() {
  return system_.registry().running();
}

lines world::nodes() const {
  lines result;
  for (auto& [name, x] : hosts_)
    result.push_back(name);
  return result;
}

} // namespace edgeless::test
