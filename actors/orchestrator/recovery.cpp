// SPDX-License-Identifier: MIT
#include "actors/orchestrator/orchestrator.hpp"

#include "runtime/base/log.hpp"

#include <algorithm>
#include <iterator>

namespace edgeless {

namespace {

/// How long nodes have to come back once it is known what is wanted: they dial
/// every 100 to 200 ms.
constexpr auto timeout = std::chrono::seconds{1};

} // namespace

// -- what nodes bring along ---------------------------------------------------

/// Each component says whether it wants what the node has brought along. What
/// nobody has hosted is not wanted, or not yet.
void orchestrator_state::reconcile_join(
  const session_id& former, const member& x, const inventory& brought,
  caf::typed_response_promise<welcome> promise) {
  struct counters {
    std::size_t open = 0;
    std::vector<physical_id> unwanted;
  };
  auto asked = std::make_shared<counters>();
  auto where = at(x);
  auto session = x.session;
  auto done = [this, asked, session, former, promise]() {
    if (asked->open > 0)
      return;
    // What lived in the former session and was not brought along is gone.
    evacuate(former);
    if (auto* now = find(session))
      greet(*now, asked->unwanted, promise);
  };
  for (auto& record : brought) {
    auto i = components.find(record.component);
    if (i == components.end()) {
      if (recovery)
        recovery->orphans.push_back({record, session});
      else
        asked->unwanted.push_back(record.instance);
      continue;
    }
    ++asked->open;
    assigned[session].insert(record.component);
    auto verdict = [=](bool keep) {
      --asked->open;
      if (!keep)
        asked->unwanted.push_back(record.instance);
      done();
    };
    self->request(i->second.handle, limits::local, atom::adopt_v, record, where)
      .then([verdict](bool keep) { verdict(keep); },
            [verdict](const caf::error&) { verdict(false); });
  }
  done();
}

void orchestrator_state::forget_orphans(const session_id& session) {
  if (recovery)
    std::erase_if(recovery->orphans,
                  [&](auto& x) { return x.session == session; });
}

/// It has synced a state before anybody hosted its component.
void orchestrator_state::note_state(const physical_id& instance,
                                    std::uint64_t state) {
  for (auto& x : recovery->orphans)
    if (x.record.instance == instance)
      x.record.state = state;
}

/// A workflow is hosted: its components are offered what was found of them.
/// What runs goes before what is frozen, and what was patched last before what
/// may be its ghost.
void orchestrator_state::claim(const workflow_id& workflow) {
  if (!recovery)
    return;
  auto& all = recovery->orphans;
  auto mine = std::stable_partition(all.begin(), all.end(), [this](auto& x) {
    return !components.contains(x.record.component);
  });
  std::vector<orphan> found{mine, all.end()};
  all.erase(mine, all.end());
  std::ranges::stable_sort(found, [](auto& x, auto& y) {
    return x.record.frozen != y.record.frozen
             ? y.record.frozen
             : x.record.outputs_revision > y.record.outputs_revision;
  });
  for (auto& x : found)
    offer(x);
  if (!recovery->patient)
    for (auto& id : workflows[workflow])
      release(components[id]);
  finish_recovery();
}

void orchestrator_state::offer(const orphan& x) {
  auto* node = find(x.session);
  if (node == nullptr)
    return;
  assigned[x.session].insert(x.record.component);
  auto dismiss = [this, x] {
    if (auto* node = find(x.session))
      self->send(node->handle, atom::stop_v, x.record.instance);
  };
  self
    ->request(components[x.record.component].handle, limits::local,
              atom::adopt_v, x.record, at(*node))
    .then(
      [dismiss](bool keep) {
        if (!keep)
          dismiss();
      },
      [dismiss](const caf::error&) { dismiss(); });
}

// -- what the controller says -------------------------------------------------

void orchestrator_state::hear_of(const std::set<workflow_id>& all) {
  if (!recovery)
    return;
  recovery->named.clear();
  for (auto& x : all)
    if (!workflows.contains(x))
      recovery->named.insert(x);
  // With nothing to wait for, there is no need to.
  if (all.empty())
    recovery->patient = false;
  else if (!recovery->told)
    self->delayed_send(self, timeout, atom::proceed_v);
  recovery->told = true;
  finish_recovery();
}

/// Whether this workflow is not new, so that it may run already.
bool orchestrator_state::expect(const workflow_id& workflow) {
  return recovery && recovery->named.erase(workflow) > 0;
}

/// What has not come back by now is placed elsewhere.
void orchestrator_state::end_patience() {
  if (!recovery)
    return;
  recovery->patient = false;
  for (auto& [id, x] : components)
    release(x);
  finish_recovery();
}

/// What is wanted is known, and has had its time to come back: what nobody has
/// claimed is stopped.
void orchestrator_state::finish_recovery() {
  if (!recovery || recovery->patient || !recovery->named.empty())
    return;
  auto strays = std::move(recovery->orphans);
  recovery.reset();
  for (auto& x : strays)
    if (auto* node = find(x.session))
      self->send(node->handle, atom::stop_v, x.record.instance);
  log_info(name, "knows what runs: ", components.size(), " components, ",
           strays.size(), " instances that nobody wants");
}

} // namespace edgeless
