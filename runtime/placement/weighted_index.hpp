// SPDX-License-Identifier: MIT
#pragma once

#include "messages/ids.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

namespace edgeless {

/// Nodes to choose from, by weight or in turn. A change and a choice take time
/// that is logarithmic in their number.
class weighted_index {
public:
  /// `weight` is above 0; another one before it is replaced.
  void put(const node_id& node, double weight);
  void remove(const node_id& node);

  bool empty() const {
    return places_.empty();
  }

  /// The one whose id comes after `last`, else the first; nothing if empty.
  std::optional<node_id> next(const node_id& last) const;

  /// Each as likely as its share of all weights; nothing if empty.
  std::optional<node_id> draw(const random_source& random) const;

private:
  void set_weight(std::size_t place, double weight);
  void grow();

  std::map<node_id, std::size_t> places_;
  std::vector<node_id> nodes_;      ///< by place
  std::vector<std::size_t> vacant_; ///< places of those who were removed
  /// A tree in which each sum stands above its two parts: the total is at 1,
  /// the weights of the places are the last half. Sums are added up anew, never
  /// corrected by differences: a large weight that goes takes its rounding
  /// errors along.
  std::vector<double> sums_ = {0, 0};
};

} // namespace edgeless
