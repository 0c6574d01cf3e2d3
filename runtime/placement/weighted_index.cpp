// SPDX-License-Identifier: MIT
#include "runtime/placement/weighted_index.hpp"

#include <algorithm>
#include <cassert>

namespace edgeless {

void weighted_index::put(const node_id& node, double weight) {
  assert(weight > 0);
  auto [i, is_new] = places_.try_emplace(node);
  if (is_new && vacant_.empty()) {
    i->second = nodes_.size();
    nodes_.push_back(node);
  } else if (is_new) {
    i->second = vacant_.back();
    vacant_.pop_back();
    nodes_[i->second] = node;
  }
  set_weight(i->second, weight);
  assert(places_.size() + vacant_.size() == nodes_.size());
}

void weighted_index::remove(const node_id& node) {
  auto removed = places_.extract(node);
  if (!removed)
    return;
  set_weight(removed.mapped(), 0);
  vacant_.push_back(removed.mapped());
  assert(places_.size() + vacant_.size() == nodes_.size());
}

std::optional<node_id> weighted_index::next(const node_id& last) const {
  if (places_.empty())
    return std::nullopt;
  auto i = places_.upper_bound(last);
  return i == places_.end() ? places_.begin()->first : i->first;
}

std::optional<node_id> weighted_index::draw(const random_source& random) const {
  if (places_.empty())
    return std::nullopt;
  assert(sums_[1] > 0);
  // 53 bits are what a double can hold: the draw is below 1.
  auto left = static_cast<double>(random() >> 11) * 0x1p-53 * sums_[1];
  std::size_t i = 1;
  while (i < sums_.size() / 2) {
    i *= 2;
    // A place of weight 0 is not chosen, however sums are rounded.
    if (left >= sums_[i] && sums_[i + 1] > 0)
      left -= sums_[i++];
  }
  assert(sums_[i] > 0);
  return nodes_[i - sums_.size() / 2];
}

void weighted_index::set_weight(std::size_t place, double weight) {
  while (place >= sums_.size() / 2)
    grow();
  auto i = sums_.size() / 2 + place;
  sums_[i] = weight;
  for (i /= 2; i > 0; i /= 2)
    sums_[i] = sums_[2 * i] + sums_[2 * i + 1];
}

/// Doubles the number of places.
void weighted_index::grow() {
  auto places = sums_.size() / 2;
  std::vector<double> larger(sums_.size() * 2);
  std::copy(sums_.begin() + static_cast<std::ptrdiff_t>(places), sums_.end(),
            larger.begin() + static_cast<std::ptrdiff_t>(2 * places));
  sums_ = std::move(larger);
  for (auto i = 2 * places - 1; i > 0; --i)
    sums_[i] = sums_[2 * i] + sums_[2 * i + 1];
}

} // namespace edgeless
