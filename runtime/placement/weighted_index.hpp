// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

namespace edgeless {

/// A set of weighted nodes to choose from at random or in turn. Changes and
/// choices take time logarithmic in the number of nodes. For one thread.
class weighted_index {
public:
  /// Adds a node or replaces its weight, which is above 0.
  void put(const node_id& node, double weight);
  void remove(const node_id& node);

  bool empty() const {
    return places_.empty();
  }

  /// The first node with an id above `last`, else the first of all; nothing if
  /// empty.
  std::optional<node_id> next(const node_id& last) const;

  /// A random node, with the probability of its share of all weights; nothing
  /// if empty.
  std::optional<node_id> draw(const random_source& random) const;

private:
  void set_weight(std::size_t place, double weight);
  void grow();

  std::map<node_id, std::size_t> places_;
  std::vector<node_id> nodes_;      ///< by place
  std::vector<std::size_t> vacant_; ///< places of removed nodes
  /// A binary tree of sums: the total is at 1, the children of i are 2i and
  /// 2i + 1, the weights of the places are the last half. Sums are recomputed,
  /// never corrected by differences, so that a removed large weight leaves no
  /// rounding error behind.
  std::vector<double> sums_ = {0, 0};
};

} // namespace edgeless
