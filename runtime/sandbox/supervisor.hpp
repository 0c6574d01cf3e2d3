// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/child_process.hpp"
#include "runtime/sandbox/shared_ring.hpp"
#include "runtime/wasm/guest.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

namespace edgeless {

/// A module's compiled form, in memory that processes share and nobody can
/// change.
using shared_module = std::shared_ptr<const file_descriptor>;

/// The process of one guest, as its node sees it.
class guest_process {
public:
  guest_process(const guest_process&) = delete;
  guest_process& operator=(const guest_process&) = delete;
  ~guest_process();

  guest_channel& channel() const {
    return *channel_;
  }

  /// Whether anything has happened since keeper::sleep(): it said something,
  /// is overdue, or has ended.
  bool roused() const {
    return notified_.load(std::memory_order_acquire);
  }

  bool overdue() const {
    return overdue_.load(std::memory_order_acquire);
  }

  /// How it ended, in words such as "was killed by signal 9"; nothing as long
  /// as it lives. What it said before is in the ring by then.
  std::optional<std::string> ending() const;

private:
  friend class sandbox_supervisor;
  guest_process() = default;

  void notify();
  void kill_now();

  guest_channel* channel_ = nullptr;
  file_descriptor memory_; ///< of the channel
  file_descriptor wakeup_; ///< the process rings it, if the node sleeps
  shared_module module_;
  std::uint64_t number_ = 0;
  std::atomic<bool> notified_{false};
  std::atomic<bool> overdue_{false};
  std::atomic<bool> ended_{false};
  /// When it is overdue, on the steady clock; zero: never.
  std::atomic<std::int64_t> due_{0};
  mutable std::mutex mutex_; // protects what follows
  guest_host* host_ = nullptr;
  bool dismissed_ = false;
  pid_t pid_ = -1;
  file_descriptor handle_; ///< of the process
  std::string ending_;
};

using guest_process_ptr = std::shared_ptr<guest_process>;

/// Has the processes of guests: starts them, hears them ring, kills those that
/// are overdue or not wanted anymore, and sees all of them end. On a thread of
/// its own, with which they would die, too.
class sandbox_supervisor {
public:
  using time_point = std::chrono::steady_clock::time_point;

  sandbox_supervisor(std::string program,
                     std::shared_ptr<engine_counts> counts);
  sandbox_supervisor(const sandbox_supervisor&) = delete;
  sandbox_supervisor& operator=(const sandbox_supervisor&) = delete;
  /// Kills all that are left.
  ~sandbox_supervisor();

  /// A process with that module: it is being started. Does not wait for it.
  /// Errors: ec::exhausted, ec::system_failure.
  caf::expected<guest_process_ptr> start(shared_module module,
                                         guest_host& host);

  /// The host is woken once when the process rings, or is overdue, or ends.
  /// Whoever sleeps says what he wants afterwards, and then looks once more: of
  /// rings that came before, nothing is heard.
  void sleep(guest_process& x, time_point due);

  /// It slept, and has looked.
  void awake(guest_process& x);

  /// Kills it; its host hears nothing anymore.
  void dismiss(guest_process& x);

private:
  void run();
  void serve_starts();
  void launch(guest_process& x);
  void hear(std::uint64_t key);
  void reap(const guest_process_ptr& x);
  void end(const guest_process_ptr& x, std::string how);
  void watch_deadlines();
  void wake();

  std::string program_;
  std::shared_ptr<engine_counts> counts_;
  file_descriptor poll_;
  file_descriptor acceptor_; ///< somebody wants something of the thread
  std::atomic<std::int64_t> earliest_;
  std::mutex mutex_; // protects what follows
  bool stopping_ = false;
  std::uint64_t numbers_ = 0;
  std::map<std::uint64_t, guest_process_ptr> processes_;
  std::vector<guest_process_ptr> starting_;
  std::thread thread_; // last: it uses all of the above
};

} // namespace edgeless
