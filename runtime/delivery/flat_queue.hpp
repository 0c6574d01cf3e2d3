// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace edgeless {

/// A queue in one block of memory. std::deque asks for another one with every
/// third event; this one only when it grows, or was told what comes.
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
    return items_[head_];
  }
  const T& front() const {
    return items_[head_];
  }

  /// From the front on.
  auto begin() {
    return items_.begin() + static_cast<std::ptrdiff_t>(head_);
  }
  auto end() {
    return items_.end();
  }
  auto begin() const {
    return items_.begin() + static_cast<std::ptrdiff_t>(head_);
  }
  auto end() const {
    return items_.end();
  }

  /// So many are about to be pushed: room for them is made at once.
  void expect(std::size_t n) {
    if (items_.size() + n > items_.capacity())
      items_.reserve(std::max(items_.size() + n, 2 * items_.size()));
  }

  void push_back(T x) {
    items_.push_back(std::move(x));
  }

  /// Each item is moved at most once more for this: what was popped goes when
  /// it is as much as what is left. An empty queue keeps little memory.
  void pop_front() {
    if (++head_ == items_.size())
      clear();
    else if (head_ >= few && head_ >= size())
      drop_popped();
  }

  void clear() {
    if (items_.capacity() > few)
      items_ = {};
    else
      items_.clear();
    head_ = 0;
  }

  template <class Iterator>
  void push_all_front(Iterator first, Iterator last) {
    drop_popped();
    items_.insert(items_.begin(), first, last);
  }

private:
  static constexpr std::size_t few = 16;

  void drop_popped() {
    items_.erase(items_.begin(), begin());
    head_ = 0;
  }

  std::vector<T> items_;
  std::size_t head_ = 0; ///< of these were popped
};

} // namespace edgeless
