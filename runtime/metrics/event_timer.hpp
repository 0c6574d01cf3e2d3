// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/function_histograms.hpp"

#include <cassert>
#include <chrono>
#include <cstdint>
#include <vector>

namespace edgeless {

/// Measures the execution times of an instance's handlers: the time that the
/// guest ran for an event, over all its slices, without the time it waited for
/// replies or for its turn. Costs one clock reading per event and two per
/// slice, and nothing when switched off. For one thread.
class event_timer {
public:
  /// Switches on if `histograms` is not null, which receives all times, or if
  /// `keep_samples`, which makes take() return them.
  void start(function_histogram_ptr histograms, bool keep_samples);

  /// The guest continues.
  void enter() {
    if (on_)
      since_ = clock::now();
  }

  /// The current event ran for `time` in another process; the time since
  /// enter() does not count.
  void credit(std::chrono::nanoseconds time) {
    if (!on_)
      return;
    spent_ = time;
    since_ = clock::time_point::max();
  }

  /// The handler of a cast or call has returned.
  void lap(bool call) {
    if (!on_)
      return;
    laps_.push_back({split(), call});
    if (laps_.size() >= batch_size)
      flush();
  }

  /// A hook has returned whose time is not reported.
  void skip() {
    if (on_)
      split();
  }

  /// The slice of the guest has ended.
  void leave() {
    if (!on_)
      return;
    spent_ = split();
    if (!laps_.empty())
      flush();
  }

  /// The times of the events since the last take() in seconds, oldest first.
  std::vector<double> take();
  std::size_t waiting() const {
    return samples_.size();
  }

  /// The linear memory of the guest, in bytes.
  void set_memory(std::uint64_t bytes) {
    if (histograms_)
      histograms_->memory_bytes.store(bytes, std::memory_order_relaxed);
  }

  void count_omitted_logs(std::uint64_t lines) {
    if (histograms_)
      histograms_->log_lines_omitted += lines;
  }

  /// The number of samples dropped for lack of room since the last call.
  std::uint64_t take_omitted();

private:
  using clock = std::chrono::steady_clock;

  struct lap_time {
    clock::duration duration;
    bool is_call;
  };

  static constexpr std::size_t batch_size = 256;

  /// The time of the current event until now; the next one starts.
  clock::duration split() {
    auto now = clock::now();
    auto spent = spent_ + (now > since_ ? now - since_ : clock::duration{0});
    assert(spent.count() >= 0);
    spent_ = clock::duration{0};
    since_ = now;
    return spent;
  }

  void flush();
  void trim();

  bool on_ = false;
  bool keep_samples_ = false;
  function_histogram_ptr histograms_;
  clock::time_point since_{};
  clock::duration spent_{0}; ///< on the current event, in earlier slices
  std::vector<lap_time> laps_;
  std::vector<double> samples_;
  std::uint64_t omitted_ = 0;
};

} // namespace edgeless
