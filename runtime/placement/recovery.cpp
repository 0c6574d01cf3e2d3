// SPDX-License-Identifier: MIT
#include "runtime/placement/recovery.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace edgeless {

void recovery::add(const inventory_record& record, const session_id& session) {
  assert(session && record.instance);
  orphans_.push_back({record, session});
}

void recovery::forget(const session_id& session) {
  std::erase_if(orphans_, [&](auto& x) { return x.session == session; });
}

void recovery::on_state_synced(const physical_id& instance,
                               std::uint64_t state) {
  for (auto& x : orphans_)
    if (x.record.instance == instance)
      x.record.state = state;
}

std::vector<orphan>
recovery::claim(const std::function<bool(const logical_id&)>& is_hosted) {
  auto claimed = std::ranges::stable_partition(
    orphans_, [&](auto& x) { return !is_hosted(x.record.component); });
  std::vector<orphan> result{claimed.begin(), claimed.end()};
  orphans_.erase(claimed.begin(), claimed.end());
  std::ranges::stable_sort(result, [](auto& x, auto& y) {
    return x.record.frozen != y.record.frozen
             ? y.record.frozen
             : x.record.outputs_revision > y.record.outputs_revision;
  });
  return result;
}

bool recovery::on_workflows_named(std::set<workflow_id> unhosted,
                                  bool has_workflows) {
  assert(has_workflows || unhosted.empty());
  unhosted_ = std::move(unhosted);
  auto is_first = !std::exchange(is_named_, true);
  // Without workflows no instance is wanted: there is nothing to wait for.
  if (!has_workflows)
    has_timed_out_ = true;
  return has_workflows && is_first;
}

bool recovery::on_hosted(const workflow_id& workflow) {
  return unhosted_.erase(workflow) > 0;
}

} // namespace edgeless
