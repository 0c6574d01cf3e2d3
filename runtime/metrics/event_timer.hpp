// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/function_histograms.hpp"
#include "runtime/metrics/tick_clock.hpp"

#include <chrono>
#include <cstdint>
#include <limits>
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
      since_ = tick_clock::now();
  }

  /// The current event ran for `time` in another process; the time since
  /// enter() does not count.
  void credit(std::chrono::nanoseconds time) {
    if (!on_)
      return;
    spent_ = static_cast<std::uint64_t>(static_cast<double>(time.count())
                                        / tick_clock::nanoseconds());
    since_ = std::numeric_limits<std::uint64_t>::max();
  }

  /// The handler of a cast or call has returned.
  void lap(bool call) {
    if (!on_)
      return;
    auto spent = split();
    laps_.push_back(spent << 1 | (call ? 1 : 0));
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

  /// The number of samples dropped for lack of room since the last call.
  std::uint64_t take_omitted();

private:
  static constexpr std::size_t batch_size = 512;

  std::uint64_t split() {
    auto now = tick_clock::now();
    auto spent = spent_ + (now > since_ ? now - since_ : 0);
    spent_ = 0;
    since_ = now;
    return spent;
  }

  void flush();
  void trim();

  bool on_ = false;
  bool keep_samples_ = false;
  function_histogram_ptr histograms_;
  std::uint64_t since_ = 0;
  std::uint64_t spent_ = 0; ///< on the current event, in earlier slices
  std::vector<std::uint64_t> laps_;
  std::vector<double> samples_;
  std::uint64_t omitted_ = 0;
};

} // namespace edgeless
