// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/basp/message_layout.hpp"
#include "runtime/net/outstanding_requests.hpp"

#include <cassert>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace edgeless {

/// The certified identity behind each connected CAF node id, and the peer's
/// outstanding requests over all of its connections. CAF does not verify the
/// node id that a peer claims, so a second identity with the same node id
/// would get the messages of the first. Thread-safe.
class peer_identities {
public:
  /// Adds a connection; returns the outstanding requests of the node, or
  /// nullptr if the node id belongs to another identity.
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

/// The entry of one connection, removed when the connection is destroyed.
class peer_identity_slot {
public:
  peer_identity_slot() = default;

  peer_identity_slot(peer_identity_slot&&) noexcept = default;

  peer_identity_slot& operator=(peer_identity_slot&& other) noexcept {
    std::swap(identities_, other.identities_);
    std::swap(node_, other.node_);
    return *this;
  }

  ~peer_identity_slot() {
    if (identities_)
      identities_->leave(node_);
  }

  /// As peer_identities::enter().
  std::shared_ptr<outstanding_requests>
  take(std::shared_ptr<peer_identities> identities, const node_bytes& node,
       const std::string& owner) {
    assert(!identities_);
    auto result = identities->enter(node, owner);
    if (result) {
      identities_ = std::move(identities);
      node_ = node;
    }
    return result;
  }

private:
  std::shared_ptr<peer_identities> identities_;
  node_bytes node_{};
};

} // namespace edgeless
