// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/socket.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace edgeless {

/// Resolves host names in the background. getaddrinfo() may block for long and
/// cannot be cancelled, so it runs on detached threads, which end when no job
/// waits. Thread-safe.
class name_lookup : public std::enable_shared_from_this<name_lookup> {
public:
  using addresses = caf::expected<std::vector<socket_address>>;
  /// Called on a thread of the lookup.
  using callback = std::function<void(addresses)>;

  explicit name_lookup(std::size_t max_threads) : max_threads_(max_threads) {
    // nop
  }

  void find(url where, callback done);

private:
  struct job {
    url where;
    callback done;
  };

  void work();

  std::size_t max_threads_;
  std::mutex mutex_;
  std::deque<job> jobs_;
  std::size_t threads_ = 0;
};

} // namespace edgeless
