// SPDX-License-Identifier: MIT
#include "runtime/placement/placement.hpp"

#include "messages/limits.hpp"

#include <algorithm>
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
  // Bounded, so that no sum of weights overflows: nodes say what they like.
  return result > 0 ? std::min(result, 1e30) : 1;
}

namespace {

/// Of a feasible node: how much of it there is to choose.
double weight(const requirements& needs, const node_description& node) {
  if (needs.kind == component_kind::function)
    return placement_weight(node.capabilities);
  auto makes = [&](auto& x) {
    return x.class_type == needs.provider_class;
  };
  return static_cast<double>(std::ranges::count_if(node.providers, makes));
}

void review(weighted_index& pool, const requirements& needs,
            const node_description& node) {
  if (feasible(needs, node))
    pool.put(node.id, weight(needs, node));
  else
    pool.remove(node.id);
}

} // namespace

void node_picker::put(const node_description& node) {
  nodes_[node.id] = node;
  for (auto& [needs, x] : known_)
    review(x.pool, needs, node);
}

void node_picker::remove(const node_id& node) {
  nodes_.erase(node);
  for (auto& [needs, x] : known_)
    x.pool.remove(node);
}

std::optional<node_id> node_picker::pick(const requirements& needs) {
  // Who is named is few, and others hardly ever ask for the same.
  if (needs.pinned)
    return pick_from(named_pool(needs), needs);
  return pick_from(pool_of(needs), needs);
}

bool node_picker::knows_any(const requirements& needs) {
  return needs.pinned ? !named_pool(needs).empty() : !pool_of(needs).empty();
}

std::optional<node_id> node_picker::pick_from(const weighted_index& pool,
                                              const requirements& needs) {
  if (needs.kind == component_kind::resource
      || strategy_ == placement_strategy::random)
    return pool.draw(random_);
  auto result = pool.next(last_);
  if (result)
    last_ = *result;
  return result;
}

weighted_index node_picker::named_pool(const requirements& needs) const {
  weighted_index result;
  for (auto& id : needs.nodes)
    if (auto i = nodes_.find(id); i != nodes_.end())
      review(result, needs, i->second);
  return result;
}

weighted_index& node_picker::pool_of(const requirements& needs) {
  auto i = known_.find(needs);
  if (i == known_.end()) {
    make_room();
    i = known_.emplace(needs, known{}).first;
    for (auto& [id, node] : nodes_)
      review(i->second.pool, needs, node);
  }
  i->second.used = ++asked_;
  return i->second.pool;
}

/// Those that were asked for least lately are forgotten.
void node_picker::make_room() {
  if (known_.size() < limits::indexed_requirements)
    return;
  known_.erase(std::ranges::min_element(known_, {},
                                        [](auto& x) { return x.second.used; }));
}

} // namespace edgeless
