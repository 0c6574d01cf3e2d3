// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/harness/node.hpp"
#include "tools/report/plan.hpp"

#include <atomic>
#include <mutex>
#include <thread>

/// Numbered events, and what became of them.
namespace edgeless::benchmark {

/// What reached the end, in the order in which it did. Any number of threads.
class event_log {
public:
  struct mark {
    std::uint64_t number;
    clock::time_point when;
  };

  event_log() {
    marks_.reserve(1u << 20);
  }

  void record(std::uint64_t number);
  std::size_t size() const;
  /// Everything since the last time.
  std::vector<mark> take();

private:
  mutable std::mutex mutex_;
  std::vector<mark> marks_;
};

/// Gets the casts of a guest. Any thread, one at a time per instance.
using cast_sink = std::function<void(const guest_event&)>;

/// An engine in which `module` is none, but hands its casts to `sink`. So the
/// end of a stream is an instance like any other, but outside WebAssembly.
std::shared_ptr<guest_engine> with_sink(std::shared_ptr<guest_engine> others,
                                        const std::string& module,
                                        cast_sink sink);

/// The module whose only guest writes on the tape.
std::string event_log_module();
std::shared_ptr<guest_engine> with_tape(std::shared_ptr<guest_engine> others,
                                        std::shared_ptr<event_log> out);

/// Casts 0, 1, 2... to an instance, so many per second, on a thread of its own.
class stream {
public:
  stream(node& host, const physical_id& to, double per_second);
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;
  ~stream();

  /// Ends it; how many were cast.
  std::uint64_t stop();

private:
  void run(std::chrono::nanoseconds interval);

  node& host_;
  physical_id to_;
  std::atomic<bool> running_{true};
  std::uint64_t sent_ = 0;
  std::thread thread_;
};

/// Of `sent` numbered events.
struct delivery_stats {
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t out_of_order = 0; ///< behind one with a higher number
};

delivery_stats fate_of(const std::vector<event_log::mark>& marks,
                       std::uint64_t sent);

/// The longest time, in seconds, between two events in a row that has a part
/// from `begin` on and before `end`; zero without any.
double longest_gap(const std::vector<event_log::mark>& marks,
                   clock::time_point begin, clock::time_point end);

} // namespace edgeless::benchmark
