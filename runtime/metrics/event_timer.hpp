// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/metrics/function_histograms.hpp"
#include "runtime/metrics/tick_clock.hpp"

#include <chrono>
#include <cstdint>
#include <limits>
#include <vector>

namespace edgeless {

/// Measures how long an instance's handlers run: the time that the guest had
/// a processor for an event, however many slices that took. What it waits for
/// answers or its turn does not count. One reading of the clock per event, and
/// two per slice; nothing at all while nobody wants to know.
class event_timer {
public:
  /// `meter` may be null; `keep` says whether take() is to give anything.
  void start(function_histogram_ptr histogram_entry, bool keep);

  /// The guest goes on.
  void enter() {
    if (on_)
      since_ = tick_clock::now();
  }

  /// The event in hand took so long elsewhere: what passed here is no part of
  /// that.
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
    if (laps_.size() >= at_once)
      settle();
  }

  /// A hook has returned that does not count.
  void skip() {
    if (on_)
      split();
  }

  /// The guest has had its slice.
  void leave() {
    if (!on_)
      return;
    spent_ = split();
    if (!laps_.empty())
      settle();
  }

  /// Seconds of the events since the last take(), oldest first.
  std::vector<double> take();
  std::size_t waiting() const {
    return samples_.size();
  }

  /// Samples there was no room for, since it was last asked.
  std::uint64_t take_omitted();

private:
  static constexpr std::size_t at_once = 512;

  std::uint64_t split() {
    auto now = tick_clock::now();
    auto spent = spent_ + (now > since_ ? now - since_ : 0);
    spent_ = 0;
    since_ = now;
    return spent;
  }

  void settle();
  void trim();

  bool on_ = false;
  bool keep_ = false;
  function_histogram_ptr meter_;
  std::uint64_t since_ = 0;
  std::uint64_t spent_ = 0; ///< on the event in hand, in earlier slices
  std::vector<std::uint64_t> laps_;
  std::vector<double> samples_;
  std::uint64_t omitted_ = 0;
};

} // namespace edgeless
