// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/placement/requirements.hpp"
#include "runtime/placement/weighted_index.hpp"

#include "messages/ids.hpp"
#include "messages/node.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace edgeless {

/// How the node of a function is chosen among the feasible ones.
enum class placement_strategy : std::uint8_t {
  /// At random, weighted by placement_weight().
  random,
  /// The next one after the last pick, in the order of ids.
  round_robin,
};

std::string to_string(placement_strategy strategy);

/// Nothing unless `text` is Random or RoundRobin, case-insensitively.
std::optional<placement_strategy>
parse_placement_strategy(std::string_view text);

/// The weight of a node under placement_strategy::random: CPUs times cores
/// times frequency, at most 1e30; 1 where that is not positive.
double placement_weight(const node_capabilities& capabilities);

/// Picks feasible nodes for components. For resources the strategy does not
/// apply: every feasible provider is equally likely. For one thread.
///
/// The feasible nodes of recent requirements are indexed and the index is kept
/// up to date as nodes come and go: a pick takes logarithmic time. Only the
/// first pick with new requirements examines all nodes.
class node_picker {
public:
  node_picker(placement_strategy strategy, random_source random)
    : strategy_(strategy), random_(std::move(random)) {
    // nop
  }

  /// Adds or replaces a node.
  void put(const node_description& node);
  void remove(const node_id& node);

  std::size_t size() const {
    return nodes_.size();
  }

  /// A feasible node; nothing if there is none.
  std::optional<node_id> pick(const requirements& needs);

  /// Whether any node is feasible.
  bool any_feasible(const requirements& needs);

private:
  /// The feasible nodes of some requirements.
  struct index_entry {
    weighted_index feasible;
    std::uint64_t used = 0; ///< the number of the last pick
  };

  weighted_index& index_of(const requirements& needs);
  weighted_index pinned_index(const requirements& needs) const;
  void evict_oldest();
  std::optional<node_id> pick_from(const weighted_index& index,
                                   const requirements& needs);

  placement_strategy strategy_;
  random_source random_;
  node_id last_;
  std::map<node_id, node_description> nodes_;
  std::map<requirements, index_entry> indices_;
  std::uint64_t picks_ = 0;
};

} // namespace edgeless
