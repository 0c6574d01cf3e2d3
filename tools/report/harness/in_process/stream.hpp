// SPDX-License-Identifier: MIT
#pragma once

#include "tools/report/harness/in_process/node.hpp"
#include "tools/report/plan.hpp"

#include <atomic>
#include <mutex>
#include <thread>

/// Streams of numbered events, and how they were delivered.
namespace edgeless::benchmark {

/// The events that have reached the end of a stream, in order. Any thread.
class event_log {
public:
  struct entry {
    std::uint64_t number;
    clock::time_point time;
  };

  event_log() {
    entries_.reserve(1u << 20);
  }

  void record(std::uint64_t number);
  std::size_t size() const;
  /// Removes and returns all entries.
  std::vector<entry> take();

private:
  mutable std::mutex mutex_;
  std::vector<entry> entries_;
};

/// Receives the casts to a guest. Any thread, one at a time per instance.
using cast_sink = std::function<void(const guest_event&)>;

/// An engine whose guest for `module` is not WebAssembly, but passes its casts
/// to `sink`: the end of a stream is an instance like any other. All other
/// modules are compiled by `others`.
std::shared_ptr<guest_engine> with_sink(std::shared_ptr<guest_engine> others,
                                        const std::string& module,
                                        cast_sink sink);

/// The module whose guest records its events in the event log.
std::string event_log_module();
std::shared_ptr<guest_engine>
with_event_log(std::shared_ptr<guest_engine> others,
               std::shared_ptr<event_log> out);

/// Casts 0, 1, 2, ... to an instance at a fixed rate, on a thread of its own.
class stream {
public:
  stream(node& host, const physical_id& to, double per_second);
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;
  ~stream();

  /// Stops casting; the number of events that were cast.
  std::uint64_t stop();

private:
  void run(std::chrono::nanoseconds interval);

  node& host_;
  physical_id to_;
  std::atomic<bool> running_{true};
  std::uint64_t sent_ = 0;
  std::thread thread_;
};

/// The delivery of a stream of numbered events.
struct delivery_stats {
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t out_of_order = 0; ///< after one with a higher number
};

delivery_stats delivery_stats_of(const std::vector<event_log::entry>& entries,
                                 std::uint64_t sent);

/// The longest time, in seconds, between two consecutive events of which a part
/// is in [begin, end); zero if there is none.
double longest_gap(const std::vector<event_log::entry>& entries,
                   clock::time_point begin, clock::time_point end);

} // namespace edgeless::benchmark
