// SPDX-License-Identifier: MIT
#pragma once

#include <cassert>
#include <deque>
#include <map>
#include <optional>
#include <utility>

namespace edgeless {

/// A queue whose owners take turns: an owner with many items delays another one
/// by one item at a time. Each owner's items keep their order. Not safe for
/// several threads; unbounded.
template <class Owner, class T>
class fair_queue {
public:
  void push(const Owner& owner, T x) {
    auto& own = items_[owner];
    if (own.empty())
      turns_.push_back(owner);
    own.push_back(std::move(x));
  }

  bool empty() const {
    return turns_.empty();
  }

  std::optional<T> pop() {
    if (turns_.empty())
      return std::nullopt;
    auto owner = std::move(turns_.front());
    turns_.pop_front();
    auto i = items_.find(owner);
    assert(i != items_.end() && !i->second.empty());
    std::optional<T> result{std::move(i->second.front())};
    i->second.pop_front();
    if (i->second.empty())
      items_.erase(i);
    else
      turns_.push_back(std::move(owner));
    return result;
  }

private:
  std::map<Owner, std::deque<T>> items_; ///< none is empty
  std::deque<Owner> turns_;
};

} // namespace edgeless
