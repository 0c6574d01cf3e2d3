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

/// How the node of a function is chosen among those that are feasible.
enum class placement_strategy : std::uint8_t {
  /// The more computing power, the more likely.
  random,
  /// The next one in the order of ids, after the last one used.
  round_robin,
};

std::string to_string(placement_strategy strategy);

/// Nothing unless `text` is Random or RoundRobin, in either case.
std::optional<placement_strategy>
parse_placement_strategy(std::string_view text);

/// How likely a node is under placement_strategy::random: CPUs times cores
/// times frequency, 1 where that is zero or no sensible number.
double placement_weight(const node_capabilities& capabilities);

/// Chooses where components live, among the nodes that it knows. For resources
/// the strategy does not count: every feasible provider is as likely as any
/// other.
///
/// It knows by heart who satisfies which requirements, once somebody has asked,
/// and keeps that up to date as nodes come and go: a decision looks at few
/// nodes, however many there are. Only the first with requirements that were
/// not asked for lately looks at all.
class node_picker {
public:
  node_picker(placement_strategy strategy, random_source random)
    : strategy_(strategy), random_(std::move(random)) {
    // nop
  }

  /// From now on this node may be picked, as it is described here.
  void put(const node_description& node);
  /// ...and from now on not anymore.
  void remove(const node_id& node);

  std::size_t size() const {
    return nodes_.size();
  }

  /// A feasible node; nothing if there is none.
  std::optional<node_id> pick(const requirements& needs);

  /// Whether there is a feasible node.
  bool knows_any(const requirements& needs);

private:
  /// Who satisfies some requirements.
  struct known {
    weighted_index pool;
    std::uint64_t used = 0; ///< when it was asked for last
  };

  weighted_index& pool_of(const requirements& needs);
  weighted_index named_pool(const requirements& needs) const;
  void make_room();
  std::optional<node_id> pick_from(const weighted_index& pool,
                                   const requirements& needs);

  placement_strategy strategy_;
  random_source random_;
  node_id last_;
  std::map<node_id, node_description> nodes_;
  std::map<requirements, known> known_;
  std::uint64_t asked_ = 0;
};

} // namespace edgeless
