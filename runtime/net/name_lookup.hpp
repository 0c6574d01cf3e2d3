// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/socket.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace edgeless {

/// Looks up names without anybody having to wait. The machine's resolver
/// blocks for as long as it likes and cannot be called off, so its threads
/// live on their own and stop when nothing is left to do.
class name_lookup : public std::enable_shared_from_this<name_lookup> {
public:
  using addresses = caf::expected<std::vector<socket_address>>;
  /// Called on a thread of the lookup.
  using then = std::function<void(addresses)>;

  explicit name_lookup(std::size_t max_threads) : max_threads_(max_threads) {
    // nop
  }

  void find(url where, then done);

private:
  struct job {
    url where;
    then done;
  };

  void work();

  std::size_t max_threads_;
  std::mutex mutex_;
  std::deque<job> jobs_;
  std::size_t threads_ = 0;
};

} // namespace edgeless
