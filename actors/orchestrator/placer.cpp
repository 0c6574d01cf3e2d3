// SPDX-License-Identifier: MIT
#include "actors/orchestrator/placer.hpp"

#include "runtime/base/log.hpp"

#include "messages/limits.hpp"
#include "messages/message_size.hpp"

#include <algorithm>
#include <cassert>
#include <functional>

namespace edgeless {

std::string join_reasons(const std::vector<std::string>& reasons) {
  std::string result;
  for (auto& x : reasons)
    result += (result.empty() ? "" : ", ") + x;
  return result;
}

void placer::add(const node_description& node, const placement& at) {
  assert(node.id && node.id == at.node);
  candidates_[node.id] = {node, at};
  former_.erase(node.id);
  if (!cordoned_.contains(node.id))
    picker_.put(node);
  assert(picker_.size() <= candidates_.size());
}

void placer::remove(const node_id& node) {
  if (auto i = candidates_.find(node); i != candidates_.end()) {
    if (former_.size() >= limits::former_nodes)
      former_.erase(former_.begin());
    former_[node] = std::move(i->second.description);
    candidates_.erase(i);
  }
  picker_.remove(node);
  assert(picker_.size() <= candidates_.size());
}

const placement* placer::find(const node_id& node) const {
  auto i = candidates_.find(node);
  return i == candidates_.end() ? nullptr : &i->second.at;
}

std::optional<placement> placer::choose(const component_spec& spec) {
  auto choice = picker_.pick(requirements_of(spec));
  ++(choice ? counts_->placements : counts_->infeasible);
  if (!choice)
    return std::nullopt;
  assert(!cordoned_.contains(*choice));
  log_info("orchestrator", "placed ", spec.name, ": class=", spec.class_id,
           " node=", *choice, " strategy=", to_string(strategy_),
           " candidates=", picker_.size());
  return candidates_.at(*choice).at;
}

std::vector<std::string> placer::why_not(const component_spec& spec,
                                         const node_id& node) const {
  auto i = candidates_.find(node);
  if (i == candidates_.end())
    return {"is not in this domain"};
  auto reasons
    = edgeless::why_not(requirements_of(spec), i->second.description);
  if (cordoned_.contains(node))
    reasons.emplace_back("is cordoned");
  return reasons;
}

std::string placer::why_nowhere(const component_spec& spec) const {
  if (candidates_.empty())
    return "no node has joined the domain";
  std::map<std::string, std::size_t> nodes_by_reason;
  for (auto& [id, x] : candidates_) {
    auto reasons = why_not(spec, id);
    if (reasons.empty())
      return {};
    for (auto& reason : reasons)
      ++nodes_by_reason[reason];
  }
  std::vector<std::pair<std::string, std::size_t>> sorted{
    nodes_by_reason.begin(), nodes_by_reason.end()};
  std::ranges::stable_sort(sorted, std::greater{},
                           [](auto& x) { return x.second; });
  std::string result;
  for (auto& [reason, nodes] : sorted) {
    if (result.size() > limits::text)
      break;
    result += (result.empty() ? "" : "; ") + reason + " ("
              + std::to_string(nodes) + (nodes == 1 ? " node)" : " nodes)");
  }
  return result;
}

bool placer::is_never_feasible(const component_spec& spec) const {
  auto needs = requirements_of(spec);
  auto has_nodes = false;
  auto is_feasible = [&](const node_description& node) {
    has_nodes = has_nodes || node.capabilities.num_cpus > 0;
    return feasible(needs, node);
  };
  for (auto& [id, x] : candidates_)
    if (is_feasible(x.description))
      return false;
  for (auto& [id, node] : former_)
    if (is_feasible(node))
      return false;
  return has_nodes;
}

obstacles placer::why_not(const std::vector<component_spec>& specs) {
  obstacles result;
  for (auto& spec : specs) {
    auto& reason = result.reasons.emplace_back();
    if (picker_.any_feasible(requirements_of(spec)))
      continue;
    reason = why_nowhere(spec);
    if (is_never_feasible(spec))
      result.never.push_back(
        static_cast<std::uint32_t>(result.reasons.size() - 1));
  }
  shorten(result.reasons, limits::reasons);
  assert(result.reasons.size() == specs.size());
  return result;
}

bool placer::set_cordon(const node_id& node, bool is_on) {
  auto changed
    = is_on ? cordoned_.insert(node).second : cordoned_.erase(node) > 0;
  if (is_on)
    picker_.remove(node);
  else if (auto i = candidates_.find(node); i != candidates_.end())
    picker_.put(i->second.description);
  return changed;
}

domain_description placer::describe() const {
  domain_description result;
  result.attached = true;
  result.nodes = static_cast<std::uint32_t>(candidates_.size());
  std::set<std::string> labels, runtimes, classes, providers;
  for (auto& [id, x] : candidates_) {
    auto& c = x.description.capabilities;
    result.total.num_cpus += c.num_cpus;
    result.total.num_cores += c.num_cores;
    result.total.mem_size += c.mem_size;
    result.total.disk_tot_space += c.disk_tot_space;
    result.total.num_gpus += c.num_gpus;
    result.total.mem_size_gpu += c.mem_size_gpu;
    result.tee_nodes += c.is_tee_running;
    result.tpm_nodes += c.has_tpm;
    labels.insert(c.labels.begin(), c.labels.end());
    runtimes.insert(c.runtimes.begin(), c.runtimes.end());
    for (auto& y : x.description.providers) {
      classes.insert(y.class_type);
      providers.insert(y.id);
    }
  }
  result.total.labels.assign(labels.begin(), labels.end());
  result.total.runtimes.assign(runtimes.begin(), runtimes.end());
  result.resource_classes.assign(classes.begin(), classes.end());
  result.providers.assign(providers.begin(), providers.end());
  shorten(result, limits::domain_description);
  return result;
}

} // namespace edgeless
