// SPDX-License-Identifier: MIT
#include "actors/orchestrator/adoption.hpp"

#include "actors/gather.hpp"
#include "actors/orchestrator/component.hpp"

#include "runtime/base/log.hpp"

#include "messages/limits.hpp"

#include <caf/actor_cast.hpp>

#include <cassert>

namespace edgeless {

namespace {

/// How long nodes have to rejoin once the controller has named its workflows:
/// they dial every 100 to 200 ms.
constexpr auto rejoin_timeout = std::chrono::seconds{1};

} // namespace

/// The answer is whether the component adopts the instance. The loss of the
/// session concerns the component from now on.
auto adoption::offer(const inventory_record& record, const placement& at) {
  auto* x = components_.find(record.component);
  assert(x != nullptr);
  components_.expect(record.component, at.session);
  return self_->request(x->handle, limits::local, atom::adopt_v, record, at);
}

void adoption::reject(const inventory_record& record, const placement& at) {
  components_.withdraw_expected(record.component, at.session);
}

void adoption::on_joined(const placement& at, const inventory& brought,
                         std::function<void(instances&)> done) {
  gather<instances> all{{}, std::move(done)};
  for (auto& record : brought) {
    if (components_.find(record.component) == nullptr) {
      if (recovery_)
        recovery_->add(record, at.session);
      else
        all.result().push_back(record.instance);
      continue;
    }
    auto on_rejected = [this, record, at](instances& unwanted) {
      reject(record, at);
      unwanted.push_back(record.instance);
    };
    all.add<bool>(
      offer(record, at),
      [on_rejected](instances& unwanted, bool is_adopted) {
        if (!is_adopted)
          on_rejected(unwanted);
      },
      [on_rejected](instances& unwanted, const caf::error&) {
        on_rejected(unwanted);
      });
  }
  all.close();
}

void adoption::on_lost(const session_id& session) {
  if (recovery_)
    recovery_->forget(session);
}

void adoption::on_state_synced(const physical_id& instance,
                               const std::string& state) {
  if (recovery_)
    recovery_->on_state_synced(instance, fingerprint_of_state(state));
}

bool adoption::on_hosting(const workflow_id& workflow) {
  return recovery_ && recovery_->on_hosted(workflow);
}

void adoption::on_hosted(const std::vector<logical_id>& components) {
  if (!recovery_)
    return;
  auto claimed = recovery_->claim(
    [this](auto& id) { return components_.find(id) != nullptr; });
  for (auto& x : claimed) {
    auto* at = members_.find(x.session);
    assert(at != nullptr); // on_lost() forgets the orphans of a session
    auto on_rejected = [this, x, at = *at] {
      reject(x.record, at);
      stop_orphan(x);
    };
    offer(x.record, *at)
      .then(
        [on_rejected](bool is_adopted) {
          if (!is_adopted)
            on_rejected();
        },
        [on_rejected](const caf::error&) { on_rejected(); });
  }
  if (recovery_->has_timed_out())
    for (auto& id : components)
      end_recovery_of(id);
  finish_recovery();
}

void adoption::stop_orphan(const orphan& x) {
  if (auto* at = members_.find(x.session))
    self_->send(at->handle, atom::stop_v, x.record.instance);
}

// -- the end of recovery ------------------------------------------------------

void adoption::on_workflows_named(std::set<workflow_id> unhosted,
                                  bool has_workflows) {
  if (!recovery_)
    return;
  if (recovery_->on_workflows_named(std::move(unhosted), has_workflows))
    self_->delayed_send(self_, rejoin_timeout, recovery_timeout{});
  finish_recovery();
}

void adoption::on_timeout() {
  if (!recovery_)
    return;
  recovery_->on_timeout();
  for (auto& [id, x] : components_.all())
    end_recovery_of(id);
  finish_recovery();
}

/// A component without an instance is placed anew.
void adoption::end_recovery_of(const logical_id& component) {
  auto* x = components_.find(component);
  assert(x != nullptr);
  self_->send(caf::actor_cast<component_self_actor>(x->handle),
              recovery_over{});
}

/// Orphans that no component has claimed are stopped.
void adoption::finish_recovery() {
  if (!recovery_ || !recovery_->is_over())
    return;
  for (auto& x : recovery_->orphans())
    stop_orphan(x);
  log_info("orchestrator",
           "recovery is over: components=", components_.all().size(),
           " unwanted_instances=", recovery_->orphans().size());
  recovery_.reset();
}

} // namespace edgeless
