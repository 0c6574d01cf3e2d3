// SPDX-License-Identifier: MIT
#include "actors/orchestrator/component_registry.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace edgeless {

component_registry::entry& component_registry::add(const component_spec& spec,
                                                   component_actor handle) {
  assert(!entries_.contains(spec.id));
  auto& result = entries_[spec.id];
  result.handle = std::move(handle);
  result.spec = spec;
  unplaced_.insert(spec.id);
  counts_->components = entries_.size();
  return result;
}

void component_registry::remove(const logical_id& id) {
  auto x = entries_.extract(id);
  assert(x);
  counts_->running -= !!x.mapped().instance;
  counts_->components = entries_.size();
  unplaced_.erase(id);
  reindex(id, x.mapped().session);
  for (auto& session : x.mapped().others)
    reindex(id, session);
}

component_registry::entry* component_registry::find(const logical_id& id) {
  auto i = entries_.find(id);
  return i == entries_.end() ? nullptr : &i->second;
}

/// The only function that writes the index.
void component_registry::reindex(const logical_id& id,
                                 const session_id& session) {
  if (!session)
    return;
  auto i = entries_.find(id);
  if (i != entries_.end()
      && (i->second.session == session
          || std::ranges::count(i->second.others, session) > 0)) {
    by_session_[session].insert(id);
    return;
  }
  auto all = by_session_.find(session);
  if (all == by_session_.end())
    return;
  all->second.erase(id);
  if (all->second.empty())
    by_session_.erase(all);
}

void component_registry::assign(const logical_id& id,
                                const session_id& session) {
  auto* x = find(id);
  assert(x != nullptr);
  auto former = std::exchange(x->session, session);
  reindex(id, former);
  reindex(id, session);
}

void component_registry::expect(const logical_id& id,
                                const session_id& session) {
  auto* x = find(id);
  assert(x != nullptr && session);
  x->others.push_back(session);
  reindex(id, session);
}

void component_registry::withdraw_expected(const logical_id& id,
                                           const session_id& session) {
  auto* x = find(id);
  if (x == nullptr)
    return; // removed meanwhile
  if (auto i = std::ranges::find(x->others, session); i != x->others.end())
    x->others.erase(i);
  reindex(id, session);
}

void component_registry::on_moved(const logical_id& id, const endpoint& at) {
  auto* x = find(id);
  assert(x != nullptr);
  assert(!at.instance == !at.session);
  if (at.instance && !x->instance)
    ++counts_->running;
  if (!at.instance && x->instance)
    --counts_->running;
  if (at.instance && std::exchange(x->has_run, true)
      && at.instance != x->instance)
    ++counts_->relocations;
  x->instance = at.instance;
  assign(id, at.session);
  if (at.instance)
    unplaced_.erase(id);
  else
    unplaced_.insert(id);
  assert(unplaced_.contains(id) == !x->instance);
}

std::set<logical_id> component_registry::take(const session_id& session) {
  auto gone = by_session_.extract(session);
  if (!gone)
    return {};
  for (auto& id : gone.mapped()) {
    auto* x = find(id);
    assert(x != nullptr);
    std::erase(x->others, session);
    if (x->session == session)
      x->session = {};
  }
  return std::move(gone.mapped());
}

std::vector<logical_id>
component_registry::assigned_to(const session_id& session) const {
  std::vector<logical_id> result;
  if (auto all = by_session_.find(session); all != by_session_.end())
    for (auto& id : all->second)
      if (entries_.at(id).session == session)
        result.push_back(id);
  return result;
}

std::uint64_t component_registry::digest_of(const session_id& session) const {
  std::uint64_t result = 0;
  if (auto all = by_session_.find(session); all != by_session_.end())
    for (auto& id : all->second)
      if (auto& x = entries_.at(id); x.session == session && x.instance)
        result += digest(x.instance);
  return result;
}

} // namespace edgeless
