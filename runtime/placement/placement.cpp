// SPDX-License-Identifier: MIT
#include "runtime/placement/placement.hpp"

#include "messages/limits.hpp"

#include <algorithm>
#include <cassert>
#include <cctype>

namespace edgeless {

std::string to_string(placement_strategy strategy) {
  return strategy == placement_strategy::random ? "Random" : "RoundRobin";
}

std::optional<placement_strategy>
parse_placement_strategy(std::string_view text) {
  auto is = [&](std::string_view name) {
    return std::ranges::equal(
      text, name, [](unsigned char x, char y) { return std::tolower(x) == y; });
  };
  if (is("random"))
    return placement_strategy::random;
  if (is("roundrobin"))
    return placement_strategy::round_robin;
  return std::nullopt;
}

double placement_weight(const node_capabilities& capabilities) {
  auto result = static_cast<double>(capabilities.num_cpus)
                * static_cast<double>(capabilities.num_cores)
                * capabilities.clock_freq_cpu;
  // Bounded, so that no sum of weights overflows, whatever nodes announce.
  return result > 0 ? std::min(result, 1e30) : 1;
}

namespace {

/// The weight of a feasible node: the number of providers for a resource.
double weight(const requirements& needs, const node_description& node) {
  if (needs.kind == component_kind::function)
    return placement_weight(node.capabilities);
  auto makes = [&](auto& x) {
    return x.class_type == needs.provider_class;
  };
  return static_cast<double>(std::ranges::count_if(node.providers, makes));
}

void update(weighted_index& index, const requirements& needs,
            const node_description& node) {
  if (feasible(needs, node))
    index.put(node.id, weight(needs, node));
  else
    index.remove(node.id);
}

} // namespace

void node_picker::put(const node_description& node) {
  nodes_[node.id] = node;
  for (auto& [needs, x] : indices_)
    update(x.feasible, needs, node);
}

void node_picker::remove(const node_id& node) {
  nodes_.erase(node);
  for (auto& [needs, x] : indices_)
    x.feasible.remove(node);
}

std::optional<node_id> node_picker::pick(const requirements& needs) {
  // A pinned component names few nodes, and its requirements are rarely shared.
  if (needs.pinned)
    return pick_from(pinned_index(needs), needs);
  return pick_from(index_of(needs), needs);
}

bool node_picker::any_feasible(const requirements& needs) {
  return needs.pinned ? !pinned_index(needs).empty() : !index_of(needs).empty();
}

std::optional<node_id> node_picker::pick_from(const weighted_index& index,
                                              const requirements& needs) {
  if (needs.kind == component_kind::resource
      || strategy_ == placement_strategy::random)
    return index.draw(random_);
  auto result = index.next(last_);
  assert(!result || nodes_.contains(*result));
  if (result)
    last_ = *result;
  return result;
}

weighted_index node_picker::pinned_index(const requirements& needs) const {
  weighted_index result;
  for (auto& id : needs.nodes)
    if (auto i = nodes_.find(id); i != nodes_.end())
      update(result, needs, i->second);
  return result;
}

weighted_index& node_picker::index_of(const requirements& needs) {
  auto i = indices_.find(needs);
  if (i == indices_.end()) {
    evict_oldest();
    i = indices_.emplace(needs, index_entry{}).first;
    for (auto& [id, node] : nodes_)
      update(i->second.feasible, needs, node);
  }
  i->second.used = ++picks_;
  return i->second.feasible;
}

/// Removes the index that was least recently used, if there are too many.
void node_picker::evict_oldest() {
  if (indices_.size() < limits::indexed_requirements)
    return;
  indices_.erase(std::ranges::min_element(
    indices_, {}, [](auto& x) { return x.second.used; }));
}

} // namespace edgeless
