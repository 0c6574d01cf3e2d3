// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/net/socket.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace edgeless {

/// A queue of tasks that other threads post to an event loop. fd() is readable
/// while tasks wait. The mailbox may outlive its loop. Thread-safe.
class loop_mailbox {
public:
  using task = std::function<void()>;

  loop_mailbox() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    // nop
  }

  int fd() const {
    return event_.get();
  }

  void post(task x) {
    std::lock_guard lock{mutex_};
    if (closed_)
      return;
    tasks_.push_back(std::move(x));
    std::uint64_t one = 1;
    (void)!::write(event_.get(), &one, sizeof one);
  }

  /// The tasks that were posted since the last call.
  std::vector<task> take() {
    std::lock_guard lock{mutex_};
    std::uint64_t count;
    (void)!::read(event_.get(), &count, sizeof count);
    return std::exchange(tasks_, {});
  }

  /// Drops the waiting tasks and all that are posted later.
  void close() {
    std::lock_guard lock{mutex_};
    closed_ = true;
    tasks_.clear();
  }

private:
  socket_handle event_;
  std::mutex mutex_;
  std::vector<task> tasks_;
  bool closed_ = false;
};

} // namespace edgeless
