// SPDX-License-Identifier: MIT
#include "test/world.hpp"

#include <doctest/doctest.h>

namespace edgeless::test {

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
  return sightings(look(component).id);
}

lines world::sightings(const logical_id& id) {
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

node_state& world::inside(const std::string& node) const {
  return *hosts_.at(node).state;
}

orchestrator_state& world::inside_domain(const std::string& domain) {
  return state_of<orchestrator_state, orchestrator_self_actor>(
    orchestrators_.at(domain));
}

bool world::has_domain(const std::string& domain) const {
  return orchestrators_.contains(domain);
}

gate_state& world::gate_of(const std::string& node) {
  return state_of<gate_state, gate_actor>(inside(node).gate);
}

neighbourhood& world::hood(const std::string& node) const {
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
