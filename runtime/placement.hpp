// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/requirements.hpp"

#include "messages/ids.hpp"
#include "messages/node.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
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

/// Chooses where components live. For resources the strategy does not count:
/// every feasible provider is as likely as any other.
class node_picker {
public:
  using candidates = std::span<const node_description* const>;

  node_picker(placement_strategy strategy, chance random)
    : strategy_(strategy), random_(std::move(random)) {
    // nop
  }

  /// Returns the index of a feasible node; nothing if there is none. The
  /// order of the candidates changes nothing under round_robin.
  std::optional<std::size_t> pick(const requirements& needs, candidates nodes);

private:
  std::optional<std::size_t> pick_next(const requirements& needs,
                                       candidates nodes);

  template <class Weight>
  std::optional<std::size_t>
  pick_weighted(const requirements& needs, candidates nodes, Weight weight);

  placement_strategy strategy_;
  chance random_;
  node_id last_;
};

} // namespace edgeless
