// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

namespace edgeless {

/// A queue in one block of memory. std::deque allocates with every third event;
/// this queue allocates only when it grows or in expect().
template <class T>
class flat_queue {
public:
  bool empty() const {
    return head_ == items_.size();
  }

  std::size_t size() const {
    return items_.size() - head_;
  }

  T& front() {
    assert(!empty());
    return items_[head_];
  }

  const T& front() const {
    assert(!empty());
    return items_[head_];
  }

  /// From the front on.
  auto begin() {
    return items_.begin() + static_cast<std::ptrdiff_t>(head_);
  }
  auto end() {
    return items_.end();
  }

  /// Reserves memory for `n` items that are about to be pushed.
  void expect(std::size_t n) {
    if (items_.size() + n > items_.capacity())
      items_.reserve(std::max(items_.size() + n, 2 * items_.size()));
  }

  void push_back(T x) {
    items_.push_back(std::move(x));
  }

  /// Amortised, each item is moved at most once: popped items are erased when
  /// they are at least as many as the others. An empty queue keeps little
  /// memory.
  void pop_front() {
    assert(!empty());
    if (++head_ == items_.size())
      clear();
    else if (head_ >= min_erased && head_ >= size())
      erase_popped();
  }

  void clear() {
    if (items_.capacity() > min_erased)
      items_ = {};
    else
      items_.clear();
    head_ = 0;
  }

  template <class Iterator>
  void push_all_front(Iterator first, Iterator last) {
    erase_popped();
    items_.insert(items_.begin(), first, last);
  }

private:
  static constexpr std::size_t min_erased = 16;

  void erase_popped() {
    items_.erase(items_.begin(), begin());
    head_ = 0;
  }

  std::vector<T> items_;
  std::size_t head_ = 0; ///< the number of popped items in front
};

} // namespace edgeless
