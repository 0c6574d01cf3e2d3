// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace edgeless {

/// Calls a function periodically while a thread is inside, from a thread of its
/// own that sleeps after some ticks without any. enter() and leave() take
/// neither a system call nor a lock while the ticker is awake. All but the
/// constructor and destructor may be called by any thread.
class epoch_ticker {
public:
  /// `tick` is called from the ticker's thread and must not throw.
  epoch_ticker(std::chrono::milliseconds period, std::function<void()> tick);
  epoch_ticker(const epoch_ticker&) = delete;
  epoch_ticker& operator=(const epoch_ticker&) = delete;
  ~epoch_ticker();

  /// The calling thread is inside until leave().
  void enter() noexcept;
  void leave() noexcept;

  /// Ticks so far.
  std::uint64_t count() const noexcept;

private:
  void run();

  std::chrono::milliseconds period_;
  std::function<void()> tick_;
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint32_t> inside_{0};
  std::atomic<bool> asleep_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_; // last: it uses all of the above
};

} // namespace edgeless
