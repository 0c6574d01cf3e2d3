// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/frame_shapes.hpp"
#include "runtime/request_book.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace edgeless {

/// Whose certificate goes with each node id of CAF's that is connected: CAF
/// believes whatever a peer calls itself, and would send to one what is meant
/// for the other. And which requests of it wait, by whatever connection.
class name_book {
public:
  /// Its requests; nullptr if that node is somebody else.
  std::shared_ptr<request_book> enter(const node_bytes& node,
                                      const std::string& owner) {
    std::lock_guard lock{mutex_};
    auto& x = entries_[node];
    if (x.connections > 0 && x.owner != owner)
      return nullptr;
    x.owner = owner;
    ++x.connections;
    return x.requests;
  }

  void leave(const node_bytes& node) {
    std::lock_guard lock{mutex_};
    auto i = entries_.find(node);
    if (i != entries_.end() && --i->second.connections == 0)
      entries_.erase(i);
  }

private:
  struct entry {
    std::string owner;
    std::size_t connections = 0;
    std::shared_ptr<request_book> requests = std::make_shared<request_book>();
  };

  std::mutex mutex_;
  std::map<node_bytes, entry> entries_;
};

/// An entry of the book, for as long as a connection lives.
class name_slot {
public:
  name_slot() = default;

  name_slot(name_slot&&) noexcept = default;

  name_slot& operator=(name_slot&& other) noexcept {
    std::swap(book_, other.book_);
    std::swap(node_, other.node_);
    return *this;
  }

  ~name_slot() {
    if (book_)
      book_->leave(node_);
  }

  /// Its requests; nullptr if that node is somebody else.
  std::shared_ptr<request_book> take(std::shared_ptr<name_book> book,
                                     const node_bytes& node,
                                     const std::string& owner) {
    auto result = book->enter(node, owner);
    if (result) {
      book_ = std::move(book);
      node_ = node;
    }
    return result;
  }

private:
  std::shared_ptr<name_book> book_;
  node_bytes node_{};
};

} // namespace edgeless
