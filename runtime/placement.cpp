// SPDX-License-Identifier: MIT
#include "runtime/placement.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

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

std::optional<std::size_t> node_picker::pick(const requirements& needs,
                                             candidates nodes) {
  if (needs.kind == component_kind::resource)
    return pick_weighted(needs, nodes, [&](const node_description& node) {
      auto makes = [&](auto& x) {
        return x.class_type == needs.provider_class;
      };
      return static_cast<double>(std::ranges::count_if(node.providers, makes));
    });
  if (strategy_ == placement_strategy::round_robin)
    return pick_next(needs, nodes);
  return pick_weighted(needs, nodes, [](const node_description& node) {
    return placement_weight(node.capabilities);
  });
}

std::optional<std::size_t> node_picker::pick_next(const requirements& needs,
                                                  candidates nodes) {
  // Those after the last one come first, then wraps around.
  auto rank = [&](std::size_t i) {
    return std::pair{nodes[i]->id <= last_, nodes[i]->id};
  };
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (feasible(needs, *nodes[i]) && (!best || rank(i) < rank(*best)))
      best = i;
  if (best)
    last_ = nodes[*best]->id;
  return best;
}

template <class Weight>
std::optional<std::size_t> node_picker::pick_weighted(const requirements& needs,
                                                      candidates nodes,
                                                      Weight weight) {
  std::vector<std::pair<double, std::size_t>> steps;
  double total = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (feasible(needs, *nodes[i]))
      steps.emplace_back(total += weight(*nodes[i]), i);
  if (steps.empty())
    return std::nullopt;
  // 53 bits are what a double can hold: the draw is below 1, hence below the
  // last step, but for rounding.
  auto drawn = static_cast<double>(random_() >> 11) * 0x1p-53 * total;
  auto above = [&](auto& step) {
    return drawn < step.first;
  };
  auto chosen = std::ranges::find_if(steps, above);
  return chosen == steps.end() ? steps.back().second : chosen->second;
}

} // namespace edgeless
