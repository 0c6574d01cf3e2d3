// SPDX-License-Identifier: MIT
#include "actors/orchestrator/reconciler.hpp"

#include "actors/orchestrator/component.hpp"

#include "runtime/base/log.hpp"

#include "messages/limits.hpp"

#include <caf/actor_cast.hpp>

#include <cassert>
#include <set>

namespace edgeless {

void reconciler::on_report(const placement& at, std::uint64_t running) {
  auto& x = nodes_[at.session];
  x.mismatches
    = components_.digest_of(at.session) == running ? 0 : x.mismatches + 1;
  if (x.mismatches < 2 || x.is_fetching)
    return;
  x.is_fetching = true;
  self_->request(at.handle, limits::local, atom::running_v)
    .then([this, at](const inventory& there) { reconcile(at, there); },
          [this, at](const caf::error&) {
            if (auto i = nodes_.find(at.session); i != nodes_.end())
              i->second.is_fetching = false;
          });
}

void reconciler::reconcile(const placement& at, const inventory& there) {
  auto i = nodes_.find(at.session);
  if (i == nodes_.end())
    return; // lost meanwhile
  assert(i->second.is_fetching);
  i->second = {};
  std::set<physical_id> present;
  for (auto& record : there) {
    present.insert(record.instance);
    stop_unless_owned(at, record);
  }
  for (auto& id : components_.assigned_to(at.session)) {
    auto& x = *components_.find(id);
    if (x.instance && !present.contains(x.instance))
      self_->send(x.handle, atom::exited_v, x.instance,
                  std::string{"its node does not have it anymore"});
  }
}

void reconciler::stop_unless_owned(const placement& at,
                                   const inventory_record& record) {
  auto* x = components_.find(record.component);
  if (x == nullptr) {
    stop(at, record);
    return;
  }
  if (x->session == at.session && x->instance == record.instance)
    return;
  // It may be starting, or part of a migration: only the component knows.
  self_
    ->request(caf::actor_cast<component_self_actor>(x->handle), limits::local,
              owns_instance{record.instance})
    .then(
      [this, at, record](bool is_owned) {
        if (!is_owned && nodes_.contains(at.session))
          stop(at, record);
      },
      [](const caf::error&) { /* another mismatch follows */ });
}

void reconciler::stop(const placement& at, const inventory_record& record) {
  log_warn("orchestrator", "stopping an unwanted instance: node=", at.node,
           " instance=", record.instance, " component=", record.component);
  self_->send(at.handle, atom::stop_v, record.instance);
}

} // namespace edgeless
