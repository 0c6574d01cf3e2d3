// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/base/fair_queue.hpp"
#include "runtime/base/subprocess.hpp"
#include "runtime/sandbox/shared_ring.hpp"
#include "runtime/wasm/guest.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

namespace edgeless {

/// A sealed memory file with a compiled module, which sandboxes share.
using shared_module = std::shared_ptr<const file_descriptor>;

/// The sandbox process of one guest, on the node's side.
class guest_process {
public:
  guest_process(const guest_process&) = delete;
  guest_process& operator=(const guest_process&) = delete;
  ~guest_process();

  guest_channel& channel() const {
    return *channel_;
  }

  /// Whether anything has happened since sandbox_supervisor::sleep(): a wakeup
  /// by the process, the deadline, or the end.
  bool is_notified() const {
    return is_notified_.load(std::memory_order_acquire);
  }

  /// Whether it was killed at its deadline.
  bool is_overdue() const {
    return is_overdue_.load(std::memory_order_acquire);
  }

  /// How it ended, such as "was killed by signal 9"; nothing while it runs. All
  /// that it sent is in the ring by then.
  std::optional<std::string> ending() const;

private:
  friend class sandbox_supervisor;
  guest_process() = default;

  void notify();
  void kill_now();

  guest_channel* channel_ = nullptr;
  file_descriptor memory_; ///< of the channel
  file_descriptor wakeup_; ///< eventfd; the process writes it to wake the node
  shared_module module_;
  std::uint64_t number_ = 0;
  std::atomic<bool> is_notified_{false};
  std::atomic<bool> is_overdue_{false};
  std::atomic<bool> has_ended_{false};
  /// Deadline, in ticks of the steady clock; zero: none.
  std::atomic<std::int64_t> due_ticks_{0};
  mutable std::mutex mutex_; // protects what follows
  guest_host* host_ = nullptr;
  bool is_terminated_ = false;
  pid_t pid_ = -1;
  file_descriptor handle_; ///< pidfd
  std::string ending_;
};

using guest_process_ptr = std::shared_ptr<guest_process>;

/// Starts sandbox processes, waits for their wakeups, kills them at deadlines
/// or on request, and reaps them. All on one thread, since PR_SET_PDEATHSIG
/// kills a child when the thread that started it ends. Member functions may be
/// called by any thread.
class sandbox_supervisor {
public:
  using time_point = std::chrono::steady_clock::time_point;

  sandbox_supervisor(std::string program,
                     std::shared_ptr<engine_counts> counts);
  sandbox_supervisor(const sandbox_supervisor&) = delete;
  sandbox_supervisor& operator=(const sandbox_supervisor&) = delete;
  /// Kills and reaps all processes.
  ~sandbox_supervisor();

  /// Requests the start of a process with this module and returns at once; a
  /// failure to start becomes its ending. Errors: ec::exhausted (limit),
  /// ec::system_failure.
  caf::expected<guest_process_ptr> start(shared_module module,
                                         guest_host& host);

  /// From now on the host is woken once: when the process writes its eventfd,
  /// at `due`, or at its end. The caller must then request a wakeup from the
  /// process and check the channel again, since earlier writes are discarded.
  void sleep(guest_process& x, time_point due);

  /// Cancels the deadline of sleep().
  void cancel_sleep(guest_process& x);

  /// Kills the process. Its host is not called any more once this returns.
  void terminate(guest_process& x);

private:
  void run();
  void start_next();
  std::optional<std::string> spawn(guest_process& x);
  void dispatch(std::uint64_t key);
  void reap(const guest_process_ptr& x);
  void end(const guest_process_ptr& x, std::string ending);
  void kill_overdue();
  bool lower_earliest_due(std::int64_t ticks);
  void wake();

  std::string program_;
  std::shared_ptr<engine_counts> counts_;
  file_descriptor poll_;
  file_descriptor wakeup_; ///< eventfd that wakes the thread
  std::atomic<std::int64_t> earliest_due_ticks_;
  std::mutex mutex_; // protects what follows
  bool is_stopping_ = false;
  std::uint64_t numbers_ = 0;
  std::map<std::uint64_t, guest_process_ptr> processes_;
  /// Modules take turns: many guests of one do not delay another's for long.
  fair_queue<const file_descriptor*, guest_process_ptr> starting_;
  std::thread thread_; // last: it uses all of the above
};

} // namespace edgeless
