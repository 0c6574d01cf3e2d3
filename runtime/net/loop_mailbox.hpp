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

/// How other threads ask a loop to do something. The loop waits for fd() to
/// become readable. May outlive the loop.
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

  /// What was posted since the last call.
  std::vector<task> take() {
    std::lock_guard lock{mutex_};
    std::uint64_t count;
    (void)!::read(event_.get(), &count, sizeof count);
    return std::exchange(tasks_, {});
  }

  /// From now on, nothing is taken; what was posted is dropped.
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
