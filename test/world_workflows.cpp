// SPDX-License-Identifier: MIT
#include "test/world.hpp"

#include "runtime/sha256.hpp"

#include <doctest/doctest.h>

namespace edgeless::test {

caf::error world::upload(const std::string& module) {
  auto done
    = ask<std::uint64_t>(controller_, atom::upload_v,
                         code_part{sha256(module), module.size(), 0, module});
  return done ? caf::error{} : done.error();
}

workflow_spec world::spec_of(const std::vector<component_draft>& components) {
  workflow_spec result;
  result.components = components;
  return result;
}

caf::error world::try_start(std::vector<component_draft> components) {
  return try_start(draw<workflow_id>(random), std::move(components));
}

caf::error world::try_start(const workflow_id& id,
                            std::vector<component_draft> components) {
  for (auto& x : components)
    if (x.kind == component_kind::function)
      if (auto problem = upload(x.class_id))
        return problem;
  auto result
    = ask<workflow_status>(controller_, atom::start_v, id, spec_of(components));
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

void world::begin_start(const workflow_id& id,
                        const std::vector<component_draft>& components) {
  for (auto& x : components)
    (void)upload(x.class_id);
  auto whom = controller_;
  if (whom)
    askers_.push_back(system_.spawn([=, this](caf::event_based_actor* me) {
      me->request(whom, limits::client, atom::start_v, id, spec_of(components))
        .then([=, this](const workflow_status&) { answers.insert(id); },
              [](const caf::error&) { /* it may run or not */ });
    }));
}

void world::begin_stop(const workflow_id& id) {
  auto whom = controller_;
  if (whom)
    askers_.push_back(system_.spawn([=, this](caf::event_based_actor* me) {
      me->request(whom, limits::client, atom::stop_v, id)
        .then([=, this](atom::ok) { stopped.insert(id); },
              [=, this](const caf::error& x) {
                if (x == ec::unknown_workflow)
                  stopped.insert(id);
              });
    }));
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

} // namespace edgeless::test
