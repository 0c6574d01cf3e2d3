// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/basp/message_layout.hpp"
#include "runtime/net/outstanding_requests.hpp"

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
class peer_identities {
public:
  /// Its requests; nullptr if that node is somebody else.
  std::shared_ptr<outstanding_requests> enter(const node_bytes& node,
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
    std::shared_ptr<outstanding_requests> requests
      = std::make_shared<outstanding_requests>();
  };

  std::mutex mutex_;
  std::map<node_bytes, entry> entries_;
};

/// An entry of the book, for as long as a connection lives.
class peer_identity_slot {
public:
  peer_identity_slot() = default;

  peer_identity_slot(peer_identity_slot&&) noexcept = default;

  peer_identity_slot& operator=(peer_identity_slot&& other) noexcept {
    std::swap(book_, other.book_);
    std::swap(node_, other.node_);
    return *this;
  }

  ~peer_identity_slot() {
    if (book_)
      book_->leave(node_);
  }

  /// Its requests; nullptr if that node is somebody else.
  std::shared_ptr<outstanding_requests>
  take(std::shared_ptr<peer_identities> book, const node_bytes& node,
       const std::string& owner) {
    auto result = book->enter(node, owner);
    if (result) {
      book_ = std::move(book);
      node_ = node;
    }
    return result;
  }

private:
  std::shared_ptr<peer_identities> book_;
  node_bytes node_{};
};

} // namespace edgeless
